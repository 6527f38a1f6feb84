//! The gateway of the examples: `cargo xtask demo`, its tests and its load.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shell::{
    Need, Outcome, cargo, command, have_system, output, root, run as run_to_end, step,
};

/// SQLite is compiled.
const BUILD: &[Need] = &[("cc", "gcc")];

/// What its tests talk to.
const TESTS: &[Need] = &[
    ("cc", "gcc"),
    ("openssl", "openssl"),
    ("/usr/sbin/mosquitto", "mosquitto"),
    ("mosquitto_sub", "mosquitto-clients"),
    ("nc", "netcat-openbsd"),
    ("curl", "curl"),
];

/// What its page is tried with.
const BROWSER: &[Need] =
    &[("cc", "gcc"), ("/usr/bin/chromium", "chromium"), ("node", "nodejs"), ("npm", "npm")];

/// How often the gateway is killed under load where there is time for it.
const MANY_ROUNDS: &str = "20";

/// Builds the gateway and the package that its page uses, and runs it until it is interrupted.
pub fn demo(arguments: &[String]) -> Outcome {
    have_system(BUILD)?;
    eprintln!("a TagoTiP endpoint on this machine, with a page that shows what it hears");
    let page =
        step("building the npm package, for the page (some minutes the first time)", package);
    if let Err(problem) = page {
        eprintln!("{problem}\ngoing on without: devices are served, but the page will not work");
    }
    step("building the gateway (the same)", build_program)?;
    println!();
    let mut gateway = with_many_files(PROGRAM);
    let mut gateway = Running::start(gateway.args(arguments), |line| println!("  {line}"))
        .map_err(|problem| format!("{problem}\n{ELSEWHERE}"))?;
    // Other settings may have other addresses and devices.
    if arguments.is_empty() {
        println!("\n{PASTE}\nwhat is stored is in gateway.db; Ctrl-C ends it");
    }
    gateway.wait()
}

const ELSEWHERE: &str =
    "if something else has one of its ports, change that in a copy of examples/gateway/gateway.toml, and run
    cargo xtask demo COPY";

const BUILD_GATEWAY: [&str; 6] = ["build", "--quiet", "--profile", "demo", "-p", "tipwire-gateway"];

fn package() -> Outcome {
    let xtask = std::env::current_exe().map_err(|error| error.to_string())?;
    run_to_end(&mut command(xtask, &["build", "js"]))
}

const PASTE: &str = r"open http://127.0.0.1:8080, and paste into another terminal:

  echo 'PUSH|4deedd7bab8817ec|sensor-01|[temperature:=21.5#C;humidity:=60#%]' | nc -w1 127.0.0.1 5693
  echo 'PULL|4deedd7bab8817ec|sensor-01|[temperature]' | nc -w1 127.0.0.1 5693
  curl -d '[temperature:=22.5#C]' -H 'Authorization: TagoTiP 4deedd7bab8817ec' http://127.0.0.1:8080/v1/tip/sensor-01
";

/// How the answers to those lines begin.
const PASTED: [&str; 3] = ["ACK|OK|2\n", "ACK|OK|[temperature:=21.5#C@", "1"];

pub fn test() -> Outcome {
    have_system(TESTS)?;
    step("gateway", || run_to_end(&mut cargo(&["test", "--quiet", "-p", "tipwire-gateway"])))?;
    crate::examples::test()?;
    step("the lines that the demo prints, pasted", paste)?;
    step("the gateway under load, a little", || bench(&["--short".into()]))
}

/// Builds it as the demo does.
pub fn build_program() -> Outcome {
    run_to_end(&mut cargo(&BUILD_GATEWAY))
}

/// Where [`build_program`] leaves it.
pub const PROGRAM: &str = "target/demo/tipwire-gateway";

/// Builds it, and prepares what [`example`] starts.
pub fn build() -> Outcome {
    build_program()?;
    let folder = root().join("target/gateway");
    let failed = |error: std::io::Error| error.to_string();
    std::fs::create_dir_all(&folder).map_err(failed)?;
    for end in ["", "-wal", "-shm"] {
        // Most often there is none.
        _ = std::fs::remove_file(folder.join(format!("example.db{end}")));
    }
    let settings = format!("database = {:?}\n{EXAMPLE}", folder.join("example.db"));
    std::fs::write(folder.join("example.toml"), settings).map_err(failed)
}

/// The gateway on free ports, with nothing in its database.
pub fn example() -> Command {
    command(PROGRAM, &["target/gateway/example.toml"])
}

/// A gateway that runs, and ends with this value.
pub struct Running {
    gateway: Child,
    /// Where it listens, by what is spoken there.
    addresses: HashMap<String, String>,
}

impl Running {
    /// Starts a gateway; it is ready when this returns, and has said these lines.
    pub fn start(command: &mut Command, mut tell: impl FnMut(&str)) -> Result<Running, String> {
        let mut gateway = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        let lines = gateway.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
        let mut running = Running { gateway, addresses: HashMap::new() };
        for line in lines.map_while(Result::ok) {
            if line == "ready" {
                return Ok(running);
            }
            tell(&line);
            if let Some((name, address)) = line.split_once("  ") {
                let address = address.trim().trim_start_matches("http://");
                running.addresses.insert(name.to_owned(), address.to_owned());
            }
        }
        Err("the gateway did not start".into())
    }

    pub fn address(&self, name: &str) -> &str {
        self.addresses.get(name).map_or("", String::as_str)
    }

    fn wait(&mut self) -> Outcome {
        match self.gateway.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the gateway: {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has no other end.
        _ = self.gateway.kill();
        _ = self.gateway.wait();
    }
}

/// What a newcomer does first.
fn paste() -> Outcome {
    let running = Running::start(&mut example(), |_| {})?;
    let lines = PASTE.lines().filter_map(|line| line.strip_prefix("  "));
    for (line, expected) in lines.zip(PASTED) {
        let line = line
            .replace("127.0.0.1 5693", &running.address("tagotip").replace(':', " "))
            .replace("127.0.0.1:8080", running.address("page"));
        let answer = output(&mut command("sh", &["-c", &line])).unwrap_or_default();
        if !answer.starts_with(expected) {
            return Err(format!("{line}\nsays {answer:?}"));
        }
    }
    Ok(())
}

/// The page in a browser.
pub fn test_page() -> Outcome {
    have_system(BROWSER)?;
    step("the inspector, in a browser", page)
}

/// The page, driven in Chromium against a gateway; what it looks like is left in target/gateway.
fn page() -> Outcome {
    package()?;
    crate::js::have_browser()?;
    build()?;
    let running = Running::start(&mut example(), |_| {})?;
    let mut node = command("node", &["examples/inspector/tests/page.mjs", "target/gateway"]);
    node.args(SPOKEN.map(|name| running.address(name)));
    run_to_end(node.env("NPM_FOLDER", crate::js::npm_folder()))
}

/// What is spoken to the gateway while its page is looked at.
const SPOKEN: [&str; 4] = ["page", "tagotip", "thingsboard, text", "thingspanel"];

/// What the page and the example devices are tried with.
const EXAMPLE: &str = r#"
first_sight = true
[[listen]]
handler = "page"
address = "127.0.0.1:0"
[[listen]]
handler = "tagotip"
address = "127.0.0.1:0"
[[listen]]
handler = "thingsboard"
address = "127.0.0.1:0"
[[listen]]
handler = "thingspanel"
address = "127.0.0.1:0"
[[device]]
serial = "sensor-01"
token = "ate2bd319014b24e0a8aca9f00aea4c0d0"
key = "fe09da81bc4400ee12ab56cd78ef9012"
"#;

/// The gateway killed under load, 20 times: `cargo xtask kill`.
pub fn kill() -> Outcome {
    have_system(TESTS)?;
    let test = ["test", "--quiet", "-p", "tipwire-gateway", "--test", "faults", "--"];
    let mut test = cargo(&test);
    test.args(["acknowledged", "--nocapture"]);
    run_to_end(test.env("TIPWIRE_ROUNDS", MANY_ROUNDS))
}

/// Connections held, frames stored: `cargo xtask bench gateway`.
pub fn bench(arguments: &[String]) -> Outcome {
    have_system(BUILD)?;
    let bench =
        ["bench", "--quiet", "--profile", "demo", "-p", "tipwire-gateway", "--bench", "load", "--"];
    run_to_end(with_many_files("cargo").args(bench).args(arguments))
}

/// A program that may have as many files and connections open as this user may allow it.
fn with_many_files(program: &str) -> Command {
    command("sh", &["-c", r#"ulimit -n "$(ulimit -H -n)"; exec "$0" "$@""#, program])
}
