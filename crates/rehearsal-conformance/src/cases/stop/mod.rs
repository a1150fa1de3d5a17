//! U-50 … U-59: what ends an answer, and whether it is counted.
//!
//! No tokenizer is needed: `logit_bias` forces a token, and the end-of-sequence tokens are found by asking.

mod choice;
mod ends;
mod eos;
mod eos_masked;
mod eos_second;
mod multibyte;
mod speculative;
mod stop_split;
mod stop_string;
mod stop_string_kept;
mod stop_token;

use crate::check::Check;

pub(super) const CHECKS: [Check; 10] = [
    eos::CHECK,
    stop_token::CHECK,
    stop_string::CHECK,
    stop_string_kept::CHECK,
    speculative::CHECK,
    eos_second::CHECK,
    eos_masked::CHECK,
    stop_split::CHECK,
    choice::CHECK,
    multibyte::CHECK,
];
