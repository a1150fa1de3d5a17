//! How vLLM's CPU backend draws a token with a request's own seed, bit for bit, so that sampled texts can be compared too.
//!
//! Checked against `torch` 2.9.1 (0.13.0) and 2.13.0 with vLLM's own kernel (0.32.0).

/// Which of vLLM's ways to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// `probs.div_(q).argmax()`, `q` drawn by `exponential_` (`v1/sample/ops/topk_topp_sampler.py` of 0.13.0).
    Exponential,
    /// `fused_gumbel_argmax` (`v1/sample/ops/topk_topp_sampler.py` of 0.32.0): Gumbel noise keyed by a number drawn for each token.
    Gumbel,
}

/// A request's generator.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    noise: Noise,
    generator: MersenneTwister,
}

impl Sampler {
    /// `torch.Generator().manual_seed(seed)`.
    pub(crate) fn new(noise: Noise, seed: u64) -> Self {
        Self { noise, generator: MersenneTwister::new(seed) }
    }

    /// A token drawn with these logits, already divided by the temperature.
    pub(crate) fn draw(&mut self, logits: &[f32]) -> u32 {
        let scores: Vec<f64> = match self.noise {
            Noise::Exponential => {
                logits.iter().map(|logit| f64::from(*logit) - self.generator.exponential().ln()).collect()
            }
            Noise::Gumbel => {
                let key = split_mix(self.generator.next_u64() % (1 << 31));
                (1_u64..).zip(logits).map(|(nth, logit)| f64::from(*logit) + gumbel(key, nth)).collect()
            }
        };
        argmax(&scores)
    }
}

/// The index of the greatest; of the first NaN, if there is one, as `torch.argmax` has it.
pub(crate) fn argmax<T: Copy + PartialOrd>(values: &[T]) -> u32 {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        let is_nan = |value: &T| value.partial_cmp(value).is_none();
        if is_nan(&values[best]) {
            break;
        }
        if values[best] < *value || is_nan(value) {
            best = index;
        }
    }
    u32::try_from(best).expect("a vocabulary is smaller than 2^32")
}

fn gumbel(key: u64, nth: u64) -> f64 {
    let bits = split_mix(key.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))) >> 11;
    -(-(unit_53(bits) + 0.5 / TWO_53).ln()).ln()
}

/// The finalizer of `SplitMix64` (Steele, Lea and Flood 2014).
fn split_mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const TWO_53: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
fn unit_53(bits: u64) -> f64 {
    bits as f64 / TWO_53
}

const WORDS: usize = 624;

/// MT19937 (Matsumoto and Nishimura 1998), torch's generator on a CPU.
#[derive(Clone, Debug)]
struct MersenneTwister {
    words: Vec<u32>,
    next: usize,
}

impl MersenneTwister {
    fn new(seed: u64) -> Self {
        let mut words = vec![u32::try_from(seed & 0xffff_ffff).expect("masked")];
        for index in 1..624_u32 {
            let before = words.last().copied().unwrap_or(0);
            words.push((before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(index));
        }
        Self { words, next: WORDS }
    }

    fn next_u32(&mut self) -> u32 {
        if self.next == WORDS {
            for index in 0..WORDS {
                let both = self.words[index] & 0x8000_0000 | self.words[(index + 1) % WORDS] & 0x7fff_ffff;
                let twist = if both & 1 == 1 { 0x9908_b0df } else { 0 };
                self.words[index] = self.words[(index + 397) % WORDS] ^ (both >> 1) ^ twist;
            }
            self.next = 0;
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())
    }

    /// One element of `exponential_`: 53 bits of two words.
    fn exponential(&mut self) -> f64 {
        -(1.0 - unit_53(self.next_u64() & ((1 << 53) - 1))).ln()
    }
}

/// The first of `torch.empty(4).exponential_(generator=…manual_seed(42))`, torch 2.9.1.
#[test]
fn the_draws_are_those_of_torch() {
    let mut generator = MersenneTwister::new(42);
    for expect in [0.059_914_015_690_802_146, 0.064_976_128_793_385_3, 0.131_916_779_984_090_57] {
        assert!((generator.exponential() - expect).abs() < 1e-15);
    }
}

/// Winners of `torch.ops._C.fused_gumbel_argmax` over 640 equal logits, vLLM 0.32.0, by seed.
#[test]
fn the_gumbel_noise_is_that_of_the_kernel() {
    for (seed, expect) in [(0, 490), (1, 265), (12_345, 475), (1 << 30, 41)] {
        let key = split_mix(seed);
        let noise: Vec<f64> = (1..=640).map(|nth| gumbel(key, nth)).collect();
        assert_eq!(argmax(&noise), expect);
    }
}

#[test]
fn nothing_is_greater_than_nan() {
    assert_eq!(argmax(&[1.0, f64::NAN, 2.0]), 1);
    assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
}
