"""What a variant draws: names, numbers, texts, orders. The same variant draws the same."""

import json
import random


class Kept(dict):
    """An object whose keys stay in their order: a grammar follows the order of a schema's properties."""


# words that no script of the model holds, of several lengths in tokens; none with a bracket, which could name a script
WORDS = """river Seven maple 42 clouds naïve window Über lantern zwölf copper 7 saddle quiet Ελλάδα mirror ten
planet basket 1999 ribbon thunder candle harbor x velvet market engine violin 日本 garden pepper island""".split()

CITIES = ["Oslo", "Lima", "Kyoto", "Accra", "Quito", "Turin"]
UNITS = ["kelvin", "rankine", "reaumur"]


class Draw:
    """Draws for one suite of one variant. `puppet` is the model's plan: scripts, and the token ids of their words."""

    def __init__(self, seed, puppet, served, max_model_len):
        self.random = random.Random(seed)
        self.scripts, self.served, self.max_model_len = puppet["scripts"], served, max_model_len
        self.spoken = puppet["scripts"]["default"]["text"].split()

    def between(self, least, most):
        return self.random.randint(least, most)

    def one(self, *choices):
        return self.random.choice(choices)

    def model(self):
        """The served name, now and then its alias."""
        return self.served[0] if self.random.random() < 0.85 else self.random.choice(self.served)

    def name(self):
        """What can stand in an address and a header."""
        return self.random.choice([word for word in WORDS if word.isascii() and word.isalpha()]) + "_" + str(self.between(2, 99))

    def text(self, least=1, most=7):
        """A few words."""
        return " ".join(self.random.choice(WORDS) for _ in range(self.between(least, most)))

    def prompt(self, chat, script=None):
        """A text after which the model says what `script` holds; without one, the forty words that follow a line's end."""
        if chat:
            return self.text() if script is None else f"{self.text()} [[{script}]]"
        before = self.text() if self.random.random() < 0.6 else ""
        return f"{before or self.text()}\n" if script is None else f"{before}<|s:{script}|>"

    def messages(self, script=None):
        return [{"role": "user", "content": self.prompt(True, script)}]

    def ending(self):
        """A script that ends by itself, in few tokens."""
        return self.one("short", "stopword", "json")

    def halves(self, script="default"):
        """A stop string that begins and ends inside two neighbouring words of the text."""
        words = self.spoken if script == "default" else self.scripts[script]["text"].split()
        at = self.between(3, 14)
        first, second = words[at], words[at + 1]
        return f"{first[len(first) // 2 :]} {second[: max(1, len(second) - 1)]}"

    def word(self, least=2, most=6):
        """A word of the text, with the blank before it."""
        return " " + self.spoken[self.between(least, most)]

    def token(self, least=2, most=5):
        """The id of a word of the text."""
        return self.scripts["default"]["ids"][self.between(least, most)]

    def loop(self):
        return self.scripts["loop"]["ids"]

    def long(self, words):
        """A prompt of many tokens, the same for the same draw."""
        pair = self.text(2, 3)
        return " ".join([pair] * words)

    def city(self):
        return self.one(*CITIES)

    def body(self, fields):
        """The fields as JSON: keys in a drawn order, drawn blanks, text escaped or not."""
        layout = self.one((", ", ": "), (",", ":"), (", ", ":"))
        return json.dumps(self.shuffled(fields), separators=layout, ensure_ascii=self.random.random() < 0.5).encode()

    def shuffled(self, value):
        if isinstance(value, list):
            return [self.shuffled(item) for item in value]
        if not isinstance(value, dict) or isinstance(value, Kept):
            return value
        keys = list(value)
        self.random.shuffle(keys)
        return {key: self.shuffled(value[key]) for key in keys}
