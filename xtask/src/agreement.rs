//! Requests that nobody wrote: those of the vectors with something changed, sent to the drivers of all
//! languages. They must answer alike, to the byte.

use crate::driver::DRIVERS;
use crate::shell::Outcome;
use crate::vectors::{answers, hex, requests};

/// How many there are in the tests.
const FEW: usize = 20_000;

/// How many are sent at once.
const BATCH: usize = 20_000;

/// How many of those that are answered differently are shown.
const SHOWN: usize = 20;

/// What is put where it may matter.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "|", "||", "[", "]", ";", ",", "{", "}", "#", "@", "^", "\\", "\\n", "\\|", "=", ":=", "?=", "@=",
    "!", "!7|", "-", "-0", ".", "0", "00", "1", "9", "1e5", "1.50", "0.1", "255", "4294967296",
    "9007199254740993", "18446744073709551615", "18446744073709551616", "true", "false", "null",
    "PUSH|", "PULL|", "PING|", "ACK|", "OK", "PONG", "CMD|", "ERR|", "at", ">x", ">b", "@=1,2,3",
    "@1694567890000", "^g", "{k=v}", "_", "a", "Z", " ", "\t", "\r", "\n", "\r\n", "\0", "\u{7f}",
    "ü", "€", "😀", "\"", ":", "\\u00e9", "\\ud83d", "[]", "{}", "variable", "value",
];

/// `cargo xtask agree [count] [--seed N]`
pub fn run(arguments: &[String]) -> Outcome {
    let (mut count, mut seed) = (10 * BATCH, 1);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--seed" {
            let number = words.next().and_then(|number| number.parse().ok());
            seed = number.ok_or("--seed takes a number")?;
        } else {
            count = word.parse().map_err(|_| "agree takes how many requests there are to be")?;
        }
    }
    DRIVERS.iter().try_for_each(|driver| (driver.build)())?;
    agree(count, seed)
}

/// A run that is always the same.
pub fn test() -> Outcome {
    agree(FEW, 1)
}

fn agree(count: usize, seed: u64) -> Outcome {
    let written = requests()?;
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for start in (0..count).step_by(BATCH) {
        let asked: Vec<String> =
            (start..count.min(start + BATCH)).map(|_| changed(&mut random, &written)).collect();
        let told = DRIVERS.iter().map(|driver| answers(driver, &asked));
        let told = told.collect::<Result<Vec<_>, _>>()?;
        let differing: Vec<usize> =
            (0..asked.len()).filter(|n| told.iter().any(|each| each[*n] != told[0][*n])).collect();
        for n in differing.iter().take(SHOWN) {
            eprintln!("asked {:?}", asked[*n]);
            for (driver, told) in DRIVERS.iter().zip(&told) {
                eprintln!("  {:<6} {}", driver.language, told[*n]);
            }
        }
        if !differing.is_empty() {
            return Err(format!("{} of {} answers differ", differing.len(), asked.len()));
        }
        println!("all languages agree on {} requests", start + asked.len());
    }
    Ok(())
}

/// One of the requests with one of its fields changed, here and there more than once.
fn changed(random: &mut Random, written: &[String]) -> String {
    let mut fields = fields_of(random.one::<String>(written));
    for _ in 0..=random.below(3) {
        // Words of requests are soon all wrong.
        let at = if random.below(20) == 0 { 0 } else { random.below(fields.len()) };
        let other = fields_of(random.one::<String>(written));
        let donor = other.get(at).map_or("", String::as_str);
        // Chunks are hex each.
        let mut parts: Vec<String> = fields[at].split(',').map(str::to_owned).collect();
        let part = random.below(parts.len());
        parts[part] = match (bytes_of(&parts[part]), bytes_of(donor)) {
            (Some(bytes), Some(donor)) => hex(&mutant(random, bytes, &donor)),
            (Some(bytes), None) => hex(&mutant(random, bytes, donor.as_bytes())),
            (None, _) => {
                let bytes = mutant(random, parts[part].clone().into_bytes(), donor.as_bytes());
                // A field of text has no tabs and no ends of lines.
                String::from_utf8_lossy(&bytes).replace(['\t', '\n', '\r', '\0'], "~")
            }
        };
        fields[at] = parts.join(",");
    }
    fields.join("\t")
}

fn fields_of(request: &str) -> Vec<String> {
    request.split('\t').map(str::to_owned).collect()
}

/// Bytes with a piece put in, cut out, said twice, or taken from others.
fn mutant(random: &mut Random, mut bytes: Vec<u8>, donor: &[u8]) -> Vec<u8> {
    for _ in 0..=random.below(2) {
        let start = random.below(bytes.len() + 1);
        let end = (start + random.below(5)).min(bytes.len());
        let with: Vec<u8> = match random.below(6) {
            0 | 1 => random.one(PIECES).as_bytes().to_vec(),
            2 => Vec::new(),
            3 => vec![random.below(256) as u8],
            4 => bytes[start..end].repeat(2 + random.below(2)),
            _ => {
                let from = random.below(donor.len() + 1);
                donor[from..(from + random.below(40)).min(donor.len())].to_vec()
            }
        };
        // Half of the time nothing gives way to it.
        let end = if random.below(2) == 0 { start } else { end };
        bytes.splice(start..end, with);
    }
    bytes
}

/// What hex stands for; `None` where it is none, or nothing.
fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let digits: Vec<u32> = hex.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let bytes = digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect();
    (!hex.is_empty() && hex.len().is_multiple_of(2)).then_some(bytes)
}

/// Numbers that look random, always the same ones.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
