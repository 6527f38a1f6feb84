//! Writes the header of the C library to standard output: a prologue, the statuses from the core's
//! table of kinds, and a section for each module of the binding, in the order of `SECTIONS`.

use std::fmt::Write;
use std::path::Path;

use tipwire::platform::{thingsboard, thingspanel};

/// The modules, in the order in which a person wants to read of them.
const SECTIONS: &[&str] =
    &["text", "error", "frame", "variable", "spans", "writer", "credentials", "envelope", "stream", "client", "sequence", "server", "thingspanel", "thingsboard", "tagoio"];

fn main() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut header = include_str!("../prologue.h").to_owned();
    for section in SECTIONS {
        let path = source.join(section).with_extension("rs");
        let text = std::fs::read_to_string(&path).expect("the sections are there");
        header += &banner(&text);
        if *section == "error" {
            header += &statuses();
        }
        if *section == "spans" {
            header += &parts();
        }
        header += &declarations(&path);
        match *section {
            "thingspanel" => header += &texts(THINGSPANEL),
            "thingsboard" => header += &texts(THINGSBOARD),
            _ => {}
        }
    }
    header += include_str!("../epilogue.h");
    print!("{header}");
}

/// The comment of a module as the heading of a section.
fn banner(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let mut lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let title = lines.next().unwrap_or_default();
    let rule = "-".repeat(95 - title.len());
    let mut banner = format!("\n/* {title} {rule}\n");
    for line in lines {
        let line = format!(" * {line}");
        writeln!(banner, "{}", line.trim_end()).expect("strings take everything");
    }
    banner + " */\n\n"
}

fn statuses() -> String {
    let mut lines = String::new();
    for kind in tipwire::Kind::ALL {
        let name = format!("TIPWIRE_E_{}", kind.name().to_uppercase());
        let number = -i32::from(kind.number());
        writeln!(lines, "#define {name:<32} ({number}) /* {kind} */")
            .expect("strings take everything");
    }
    lines + "\n"
}

/// What the parts of a message are called, and their numbers.
fn parts() -> String {
    let mut lines = String::new();
    for (number, part) in tipwire::spans::Part::ALL.iter().enumerate() {
        let name = format!("TIPWIRE_PART_{}", part.name().to_uppercase());
        writeln!(lines, "#define {name:<32} {number}").expect("strings take everything");
    }
    lines + "\n"
}

/// What servers of ThingsPanel say before they close a connection.
const THINGSPANEL: &[(&str, &str)] = &[
    ("TIPWIRE_THINGSPANEL_DEVICE_NOT_FOUND", thingspanel::DEVICE_NOT_FOUND),
    ("TIPWIRE_THINGSPANEL_NOT_AUTHORIZED", thingspanel::NOT_AUTHORIZED),
    ("TIPWIRE_THINGSPANEL_NOT_A_PACKET", thingspanel::NOT_A_PACKET),
    ("TIPWIRE_THINGSPANEL_REGISTER_FAILED", thingspanel::REGISTER_FAILED),
];

const THINGSBOARD: &[(&str, &str)] = &[
    ("TIPWIRE_THINGSBOARD_DEVICE_TOPIC", thingsboard::DEVICE_TOPIC),
    ("TIPWIRE_THINGSBOARD_GATEWAY_TOPIC", thingsboard::GATEWAY_TOPIC),
];

/// Texts as C programmers use them, which cbindgen does not know how to write.
fn texts(texts: &[(&str, &str)]) -> String {
    texts.iter().map(|(name, text)| format!("#define {name} {text:?}\n")).collect::<String>() + "\n"
}

fn declarations(path: &Path) -> String {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        style: cbindgen::Style::Both,
        documentation_style: cbindgen::DocumentationStyle::C,
        line_length: 100,
        no_includes: true,
        usize_is_size_t: true,
        defines: [
            ("target_pointer_width = 64", "TIPWIRE_64"),
            ("target_pointer_width = 32", "TIPWIRE_32"),
            ("target_pointer_width = 16", "TIPWIRE_16"),
        ]
        .map(|(cfg, define)| (cfg.to_owned(), define.to_owned()))
        .into(),
        function: cbindgen::FunctionConfig {
            sort_by: Some(cbindgen::SortKey::None),
            ..Default::default()
        },
        // What its own section has no use for.
        export: cbindgen::ExportConfig {
            include: vec!["tipwire_write".to_owned(), "tipwire_find_opener".to_owned()],
            ..Default::default()
        },
        constant: cbindgen::ConstantConfig {
            sort_by: Some(cbindgen::SortKey::None),
            ..Default::default()
        },
        ..Default::default()
    };
    let bindings = cbindgen::Builder::new().with_config(config).with_src(path).generate();
    let mut out = Vec::new();
    bindings.expect("the sources can be read").write(&mut out);
    tidy(&String::from_utf8(out).expect("headers are text"))
}

/// Types are called by their name alone, comments look as C programmers write them, constants stand
/// together, and numbers that are negative stand in brackets.
fn tidy(text: &str) -> String {
    let text = text.replace("/**\n", "/*\n").replace("\n */", "*/");
    let text = text.replace("text_argument", "tipwire_text");
    let mut tidy = String::new();
    let mut comment: Option<String> = None;
    for line in text.lines() {
        if let Some(inside) = &mut comment {
            let end = line.strip_suffix("*/");
            let content = end.unwrap_or(line);
            inside.push_str(if inside.is_empty() { "/*" } else { "\n *" });
            inside.push_str(content.trim_end());
            if end.is_some() {
                tidy += &comment.take().unwrap_or_default();
                tidy += " */\n";
            }
        } else if line == "/*" {
            comment = Some(String::new());
        } else if line.starts_with("typedef struct") {
            tidy += line;
            tidy.push('\n');
        } else {
            let words: Vec<&str> = line.splitn(3, ' ').collect();
            match *words {
                ["#define", name, value] if value.starts_with('-') => {
                    writeln!(tidy, "#define {name} ({value})").expect("strings take everything");
                }
                _ => {
                    tidy += &line.replace("struct tipwire_", "tipwire_");
                    tidy.push('\n');
                }
            }
        }
    }
    while let Some(at) = tidy.match_indices("\n\n#define ").map(|found| found.0).find(|at| {
        let before = tidy[..*at].rsplit('\n').next().unwrap_or_default();
        before.starts_with("#define ")
    }) {
        tidy.remove(at);
    }
    tidy
}
