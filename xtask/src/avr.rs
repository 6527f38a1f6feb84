//! What is wrong in the assembly that LLVM makes for AVR.
//!
//! There is no instruction that adds a constant, so LLVM takes the opposite off instead. That is right
//! for the sum, but the carry comes out reversed; and where the sum goes on in further bytes, LLVM
//! sometimes adds them with that carry. `counter += 1` of many bytes was wrong for that reason. Such
//! places can be told: an addition with carry that follows a subtraction.

use std::collections::HashMap;

/// Turns the carry around where it is the wrong one. Sees to it that there is no other place where
/// an instruction gets a carry of a kind that it does not want.
pub fn repaired(text: &str) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut carry = Carry::Other;
    let mut saved = Carry::Other;
    'lines: for (number, line) in text.lines().enumerate() {
        // Debug information that the assembler adds has room for 16 bits.
        if number % 50_000 == 49_999 {
            result += "#line 1\n";
        }
        let mut words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let (name, operands) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
        match (name, carry) {
            ("adc" | "rol", Carry::OfDifference { constant: Some(constant) })
                if constant != "0" =>
            {
                // 0 or 255, then 1 or 0, whose lowest bit is the carry.
                result += "\tsbc\tr0, r0\n\tinc\tr0\n\tlsr\tr0\n";
            }
            ("adc" | "rol", Carry::OfDifference { .. }) => {
                return Err(format!("this adds what a subtraction has left: {line}"));
            }
            // Fills a register with copies of the carry.
            ("sbc", _) if operands.first() == operands.get(1) => {}
            ("sbc" | "sbci" | "cpc", Carry::OfSum) => {
                return Err(format!("this takes off what an addition has left: {line}"));
            }
            _ => {}
        }
        match (name, &operands[..]) {
            ("in", ["r0", "63"]) => saved = carry,
            ("out", ["63", "r0"]) => carry = saved,
            _ => carry = after(name, operands.get(1).copied(), carry),
        }
        // The addresses of functions have other names in GNU's assembler.
        for half in ["lo8", "hi8"] {
            if let Some((before, symbol)) = line.split_once(&format!("{half}_gs(")) {
                result += &format!("{before}{half}(gs({symbol})\n");
                continue 'lines;
            }
        }
        result += line;
        result.push('\n');
    }
    Ok(result)
}

/// Lets jumps reach what LLVM, which counts bytes before others are added, has put too far away for them.
pub fn reaching(text: &str) -> String {
    // Words from the start.
    let mut places = HashMap::new();
    let mut place = 0usize;
    for line in text.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        if let Some(label) = name.strip_suffix(':') {
            places.insert(label, place);
        }
        place += words_of(name);
    }
    let mut result = String::with_capacity(text.len());
    place = 0;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        place += words_of(name);
        let target = words.next().and_then(|label| places.get(label));
        let is_far = target.is_some_and(|target| target.abs_diff(place) > NEAR);
        result += &if name == "rjmp" && is_far { line.replace("rjmp", "jmp") } else { line.into() };
        result.push('\n');
    }
    result
}

/// Less than the 2047 words that a short jump reaches, since some are becoming longer.
const NEAR: usize = 1900;

fn words_of(name: &str) -> usize {
    match name {
        "" => 0,
        "call" | "jmp" | "lds" | "sts" => 2,
        _ => usize::from(!name.ends_with(':') && !name.starts_with(['.', '#'])),
    }
}

/// What the carry says.
#[derive(Clone, Copy)]
enum Carry<'a> {
    OfSum,
    /// The constant is what has been taken off.
    OfDifference {
        constant: Option<&'a str>,
    },
    Other,
}

fn after<'a>(name: &str, operand: Option<&'a str>, before: Carry<'a>) -> Carry<'a> {
    match name {
        "add" | "adc" | "adiw" => Carry::OfSum,
        "subi" | "sbiw" => Carry::OfDifference { constant: operand },
        // The first constant decides.
        "sbci" => match before {
            Carry::OfDifference { constant: Some(first) } if first != "0" => before,
            _ => Carry::OfDifference { constant: operand },
        },
        "sub" | "sbc" | "cp" | "cpc" | "cpi" => Carry::OfDifference { constant: None },
        // These leave it as it is.
        "mov" | "movw" | "ldi" | "ld" | "ldd" | "lds" | "st" | "std" | "sts" | "push" | "pop"
        | "in" | "out" | "lpm" | "inc" | "dec" | "and" | "andi" | "or" | "ori" | "eor" | "clr"
        | "swap" | "bst" | "bld" | "cli" | "sei" | "nop" | "tst" | "ser" => before,
        name if name.starts_with("br") || name.starts_with("sbr") || name == "cpse" => before,
        _ => Carry::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{reaching, repaired};

    #[test]
    fn an_addition_after_a_subtraction_of_a_constant_gets_the_other_carry() {
        let wrong = "\tsubi\tr16, 255\n\tsbci\tr17, 255\n\tmovw\tr2, r4\n\tadc\tr10, r24\n";
        let right = wrong.replace("\tadc", "\tsbc\tr0, r0\n\tinc\tr0\n\tlsr\tr0\n\tadc");
        assert_eq!(repaired(wrong), Ok(right));
    }

    #[test]
    fn carries_of_the_right_kind_are_left_alone() {
        for right in [
            "\tadd\tr2, r4\n\tadc\tr3, r5\n",
            "\tsubi\tr16, 255\n\tsbci\tr17, 255\n\tsbci\tr18, 255\n",
            "\tadd\tr2, r4\n\tin\tr0, 63\n\tsubi\tr28, 9\n\tout\t63, r0\n\tadc\tr3, r5\n",
            "\tlsl\tr24\n\tsbc\tr24, r24\n",
        ] {
            assert_eq!(repaired(right).as_deref(), Ok(right));
        }
    }

    #[test]
    fn what_cannot_be_repaired_is_told() {
        assert!(repaired("\tsub\tr2, r4\n\tadc\tr3, r5\n").is_err());
        assert!(repaired("\tadd\tr2, r4\n\tsbci\tr18, 0\n").is_err());
    }

    #[test]
    fn far_jumps_are_long_ones() {
        let text = |jump: &str, between: usize| {
            format!("\tbrne\t.L1\n\t{jump}\t.L0\n.L1:\n{}.L0:\n", "\tnop\n".repeat(between))
        };
        assert_eq!(reaching(&text("rjmp", 1000)), text("rjmp", 1000));
        assert_eq!(reaching(&text("rjmp", 2047)), text("jmp", 2047));
    }
}
