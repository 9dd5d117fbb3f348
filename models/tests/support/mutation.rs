//! Inputs that are made up from good ones with a seed, for the tests that try every parser of what comes from outside: on any
//! compiler, and the same in every run. `DESCRY_FUZZ_SECONDS=60 cargo test --test fuzz` tries each for a minute with inputs
//! that are new each time, and says how many that were.

use std::{
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A generator of numbers that looks random enough for this: xorshift64*.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit
    }
}

/// Bytes that mean something to many formats.
const TELLING: [u8; 16] =
    [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0xd8, b'\n', b'\r', b'"', b'=', b'[', b'-', b'.', b'9', b'\t'];

/// Makes an input out of good ones.
fn mutated(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = corpus[chance.below(corpus.len())].clone();
    for _ in 0..=chance.below(6) {
        let length = input.len();
        let at = chance.below(length + 1);
        let upto = (at + 1 + chance.below(16)).min(length);
        match chance.below(8) {
            0 if at < length => input[at] ^= 1 << chance.below(8),
            1 if at < length => input[at] = TELLING[chance.below(TELLING.len())],
            2 if at < length => input[at] = chance.next() as u8,
            3 => input.insert(at, TELLING[chance.below(TELLING.len())]),
            4 if at < upto => drop(input.drain(at..upto)),
            5 if at < upto => {
                let piece = input[at..upto].to_vec();
                let to = chance.below(length + 1);
                input.splice(to..to, piece);
            }
            6 => input.truncate(at),
            _ => {
                let other = &corpus[chance.below(corpus.len())];
                let from = chance.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input
}

/// Tries a parser with what is made of good inputs: so many times, or for as long as the environment says. It must return,
/// whatever it says.
pub(crate) fn try_parser(name: &str, good: &[Vec<u8>], inputs: usize, parse: impl Fn(&[u8])) {
    let seconds = std::env::var("DESCRY_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let limit = seconds.map(Duration::from_secs);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = if limit.is_some() { since_epoch.as_nanos() as u64 | 1 } else { 20_261_125 };
    let (mut chance, begun, mut count) = (Chance(seed), Instant::now(), 0);
    while limit.map_or(count < inputs, |limit| begun.elapsed() < limit) {
        let input = if count < good.len() { good[count].clone() } else { mutated(good, &mut chance) };
        let result = panic::catch_unwind(AssertUnwindSafe(|| parse(&input)));
        assert!(result.is_ok(), "{name} with the seed {seed}, input {count}: {}", input.escape_ascii());
        count += 1;
    }
    println!("{name}: {count} inputs");
}
