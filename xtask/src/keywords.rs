//! The words that the Arduino editor colours: those that a sketch may use, as the headers have them.

use std::collections::BTreeSet;

use crate::arduino::read;
use crate::generated::Generated;
use crate::shell::root;

pub const GENERATED: &[Generated] =
    &[Generated { path: "bindings-c/arduino/keywords.txt", make: |_| keywords() }];

/// What the layer of C++ has for sketches.
const LAYERS: &[&str] = &[
    "include/tipwire.hpp",
    "bindings-c/arduino/src/Tipwire.h",
    "bindings-c/arduino/src/TipwireStore.h",
];

/// What others are made of.
const INSIDE: &[&str] = &[
    "Unmoved",
    "Range",
    "Stream",
    "Written",
    "PushChain",
    "PullChain",
    "ReplyChain",
    "Store",
    "begin_eeprom",
    "chars",
    "call",
    "get",
    "next",
    "writer",
];

/// What stands before a bracket and is no function.
const CONTROL: &[&str] = &["if", "for", "while", "return", "switch", "operator", "sizeof"];

fn keywords() -> Result<String, String> {
    let (mut types, mut functions) = (BTreeSet::from(["tipwire".to_owned()]), BTreeSet::new());
    for path in LAYERS {
        collect(&read(&root().join(path))?, &mut types, &mut functions);
    }
    functions.retain(|name| !types.contains(name));
    let mut result = String::new();
    for (words, kind) in [(types, "KEYWORD1"), (functions, "KEYWORD2"), (constants()?, "LITERAL1")]
    {
        for word in words.iter().filter(|word| !INSIDE.contains(&word.as_str())) {
            // The editor takes nothing but a tab between them.
            result += &format!("{word}\t{kind}\n");
        }
    }
    Ok(result)
}

/// The constants of C, but for the sizes of its structs.
fn constants() -> Result<BTreeSet<String>, String> {
    let header = read(&root().join("include/tipwire.h"))?;
    let names = header.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("#define ")?.split_once(' ')?;
        let is_size = name.ends_with("_WORDS") || name.ends_with("_SIZE");
        (name.starts_with("TIPWIRE_") && !is_size && !value.is_empty()).then(|| name.to_owned())
    });
    Ok(names.collect())
}

/// The types and the functions of a header that stand where all can use them.
fn collect(header: &str, types: &mut BTreeSet<String>, functions: &mut BTreeSet<String>) {
    let mut is_public = true;
    for line in header.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim_start();
        match text {
            "" => {}
            "public:" | "private:" | "protected:" => {
                // Those of classes inside of others are not looked at.
                is_public = if indent == 0 { text == "public:" } else { is_public };
            }
            _ if text.starts_with(['/', '*', '#', '}', ':']) => {}
            _ if indent == 0 => {
                is_public = !text.contains("class ");
                if let Some(name) = type_of(text) {
                    types.insert(name);
                } else if let Some(name) = function_of(text) {
                    functions.insert(name);
                }
            }
            _ if indent == 2 && is_public => functions.extend(function_of(text)),
            _ => {}
        }
        // A class that ends is followed by what is outside.
        is_public |= line == "};";
    }
}

/// The type that a line begins to define.
fn type_of(line: &str) -> Option<String> {
    if let Some(definition) = line.strip_prefix("typedef ") {
        return definition.strip_suffix(';')?.rsplit(' ').next().map(str::to_owned);
    }
    let at = ["class ", "struct "].iter().filter_map(|word| {
        let at = line.find(word)?;
        (line.ends_with('{') && (at == 0 || line.starts_with("template")))
            .then_some(at + word.len())
    });
    let rest = line.get(at.min()?..)?;
    rest.split(|c: char| !is_part(c)).next().map(str::to_owned)
}

/// The function that a line begins to declare: the word before its first bracket, which the type of
/// what it returns stands before.
fn function_of(line: &str) -> Option<String> {
    let (head, _) = line.split_once('(')?;
    let start = head.trim_end_matches(is_part).len();
    let (before, name) = head.split_at(start);
    let before = before.trim_start_matches("static ").trim();
    let is_declared = !before.is_empty()
        && !before.contains(['=', '.', '(', ';', '"', '?'])
        && !before.ends_with([':', '>', '-', '!', '~', ','])
        && !before.split(' ').any(|word| CONTROL.contains(&word));
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && !CONTROL.contains(&name);
    let is_type = name.ends_with("_t");
    (is_declared && is_name && !is_type).then(|| name.to_owned())
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sketches_may_use_is_found() {
        let header = "namespace x {\n/* A (comment) of(it) */\ntemplate <size_t N> class Lines : public Base {\n\
                      public:\n  Lines() : a(0) {}\n  bool read(::Stream &from) {\n    if (a) {\n      go(1);\n  \
                      }\n  Self &put(int a);\nprivate:\n  int hidden();\n};\ninline size_t print(Print &to) {\n  \
                      return a(b);\n  tipwire_do(b);\n  bool ok = is(b);\n}\ntypedef Range<A, B> Points;\n";
        let (mut types, mut functions) = (BTreeSet::new(), BTreeSet::new());
        collect(header, &mut types, &mut functions);
        assert_eq!(types.iter().collect::<Vec<_>>(), ["Lines", "Points"]);
        assert_eq!(functions.iter().collect::<Vec<_>>(), ["print", "put", "read"]);
    }
}
