//! What is wrong in the assembly that LLVM makes for AVR with more than 128 KB of flash.
//!
//! A return address has three bytes there, and LLVM looks for arguments on the stack behind two. A function
//! with such arguments reads them from its frame on: Y and its own bytes, the registers that it has saved, the
//! return address. What is read behind all that stands one byte further.

/// Reads arguments where they are. Sees to it that nothing else is done with them.
pub fn repaired(text: &str) -> Result<String, String> {
    let lines: Vec<Line<'_>> = text.lines().map(Line::of).collect();
    let mut result = String::with_capacity(text.len());
    for function in lines.chunk_by(|_, next| !next.is_label() || next.name.starts_with(".L")) {
        let arguments = arguments(function);
        for (at, line) in function.iter().enumerate() {
            match arguments {
                Some(first) => result += &read(function, at, line, first)?,
                None => result += line.text,
            }
            result.push('\n');
        }
    }
    Ok(result)
}

/// A line: of an instruction, or of a label or of something else that has no operands that count here.
struct Line<'a> {
    text: &'a str,
    name: &'a str,
    operands: [&'a str; 2],
}

impl Line<'_> {
    fn of(text: &str) -> Line<'_> {
        let mut words = text.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let mut next = || words.next().unwrap_or_default();
        Line { text, name: next(), operands: [next(), next()] }
    }

    fn is(&self, name: &str, operands: [&str; 2]) -> bool {
        self.name == name && self.operands == operands
    }

    /// What it takes off from a register.
    fn taken(&self, name: &str, register: &str) -> Option<i32> {
        let [target, constant] = self.operands;
        if self.name == name && target == register { constant.parse().ok() } else { None }
    }

    /// Where it reads or writes in a frame.
    fn place(&self) -> Option<i32> {
        self.operands.iter().find_map(|operand| operand.strip_prefix("Y+")?.parse().ok())
    }

    fn is_label(&self) -> bool {
        self.name.ends_with(':')
    }
}

/// What is taken off from a pair of registers by two instructions, or by one.
fn taken(pair: [&str; 2], [first, second]: [Option<&Line<'_>>; 2]) -> Option<i32> {
    let [low, high] = pair;
    let first = first?;
    let far = first.taken("subi", low).zip(second.and_then(|line| line.taken("sbci", high)));
    let far = far.map(|(low, high)| low | high << 8);
    // The constant is one of 16 bits with a sign.
    let far = far.map(|far| if far < 1 << 15 { far } else { far - (1 << 16) });
    far.or(first.taken("sbiw", low)).or(first.taken("adiw", low).map(|constant| -constant))
}

const Y: [&str; 2] = ["r28", "r29"];

/// How far from Y the first argument is for LLVM, in a function that has a frame.
fn arguments(function: &[Line<'_>]) -> Option<i32> {
    let mut code = function.iter().filter(|line| !line.is_label() && !line.name.starts_with('.'));
    let mut saved = 0;
    let start = code.by_ref().find(|line| {
        saved += i32::from(line.name == "push");
        line.name != "push"
    })?;
    let has_frame = start.is("in", ["r28", "61"]) && code.next()?.is("in", ["r29", "62"]);
    let own = taken(Y, [code.next(), code.next()]).unwrap_or(0);
    has_frame.then_some(own + saved + 2 + 1)
}

/// An instruction, with another place if it reads an argument; `first` is where they start.
fn read(function: &[Line<'_>], at: usize, line: &Line<'_>, first: i32) -> Result<String, String> {
    let wrong = |what: &str| Err(format!("{what}: {}", line.text));
    let after = |steps: usize| function.get(at + steps);
    if line.name == "movw" && line.operands[1] == "r28" {
        let [low, _] = line.operands;
        let number: u8 = low.trim_start_matches('r').parse().unwrap_or(0);
        let high = format!("r{}", number + 1);
        let added = (1..12).find_map(|steps| taken([low, &high], [after(steps), after(steps + 1)]));
        if added.is_some_and(|taken| -taken >= first) {
            return wrong("this points to an argument");
        }
    }
    let Some(place) = line.place() else { return Ok(line.text.to_owned()) };
    let moved = moved(function, at).ok_or(format!("Y may be anywhere: {}", line.text))?;
    if place + moved < first {
        return Ok(line.text.to_owned());
    }
    if line.name != "ldd" {
        return wrong("this writes an argument");
    }
    let [register, _] = line.operands;
    Ok(match place {
        ..63 => format!("\tldd\t{register}, Y+{}", place + 1),
        // Y is moved, and the flags are saved.
        _ if moved != 0 => format!("\tadiw\tr28, 1\n\tldd\t{register}, Y+63\n\tsbiw\tr28, 1"),
        _ => format!(
            "\tin\tr0, 63\n\tadiw\tr28, 1\n\tldd\t{register}, Y+63\n\tsbiw\tr28, 1\n\tout\t63, r0"
        ),
    })
}

/// How far Y has been moved for what is far: right before, as long as such places are read or written.
fn moved(function: &[Line<'_>], at: usize) -> Option<i32> {
    let is_access = |line: &&Line<'_>| line.place().is_some();
    let (before, after) = (function.get(..at)?, function.get(at..)?);
    let mut before = before.iter().rev().skip_while(is_access);
    let (second, first) = (before.next()?, before.next()?);
    if second.is_label() {
        // It may be moved there by who jumps here.
        let mut end = after.iter().skip_while(is_access);
        let moves = Y.contains(&end.next()?.operands[0]);
        let restores = end.take(2).any(|line| line.is("out", ["63", "r0"]));
        return (!(moves && restores)).then_some(0);
    }
    let is_far = second.name == "sbci" && second.operands[0] == "r29";
    let taken =
        if is_far { taken(Y, [Some(first), Some(second)]) } else { taken(Y, [Some(second), None]) };
    Some(-taken.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::repaired;

    const START: &str = "f:\n\tpush\tr28\n\tpush\tr29\n\tin\tr28, 61\n\tin\tr29, 62\n";

    #[test]
    fn arguments_are_read_one_byte_further() {
        // Behind two registers and two bytes.
        let wrong = format!("{START}\tstd\tY+4, r2\n\tldd\tr24, Y+5\n\tldd\tr25, Y+6\n");
        let right = format!("{START}\tstd\tY+4, r2\n\tldd\tr24, Y+6\n\tldd\tr25, Y+7\n");
        assert_eq!(repaired(&wrong), Ok(right));
    }

    #[test]
    fn what_is_far_is_read_one_byte_further() {
        let start = format!("{START}\tsubi\tr28, 44\n\tsbci\tr29, 1\n\tin\tr0, 63\n\tcli\n");
        for (wrong, right) in [
            ("\tsubi\tr28, 13\n\tsbci\tr29, 255\n\tldd\tr24, Y+62\n", "\tldd\tr24, Y+63\n"),
            (
                "\tsubi\tr28, 14\n\tsbci\tr29, 255\n\tldd\tr24, Y+63\n",
                "\tadiw\tr28, 1\n\tldd\tr24, Y+63\n\tsbiw\tr28, 1\n",
            ),
            ("\tsubi\tr28, 14\n\tsbci\tr29, 255\n\tstd\tY+62, r24\n", "\tstd\tY+62, r24\n"),
        ] {
            let (wrong, way) = (format!("{start}{wrong}"), wrong.split_inclusive('\n').take(2));
            let right = format!("{start}{}{right}", way.collect::<String>());
            assert_eq!(repaired(&wrong), Ok(right));
        }
    }

    #[test]
    fn functions_without_a_frame_are_left_alone() {
        let right = "f:\n\tpush\tr28\n\tmovw\tr28, r24\n\tldd\tr24, Y+60\n";
        assert_eq!(repaired(right).as_deref(), Ok(right));
    }

    #[test]
    fn what_cannot_be_repaired_is_told() {
        for wrong in [
            "\tstd\tY+5, r24\n",
            "\tmovw\tr24, r28\n\tadiw\tr24, 5\n",
            ".L0:\n\tldd\tr24, Y+62\n\tsbiw\tr28, 9\n\tout\t63, r0\n",
        ] {
            assert!(repaired(&format!("{START}{wrong}")).is_err(), "{wrong}");
        }
    }
}
