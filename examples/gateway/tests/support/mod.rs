//! A gateway of a test's own.
#![allow(dead_code)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub const AUTH: &str = "4deedd7bab8817ec";
pub const TOKEN: &str = "ate2bd319014b24e0a8aca9f00aea4c0d0";

/// What most tests listen on.
pub const LISTEN: &str = r#"
    [[listen]]
    handler = "page"
    address = "127.0.0.1:0"
    [[listen]]
    handler = "tagotip"
    address = "127.0.0.1:0"
    [[listen]]
    handler = "tagotip-udp"
    address = "127.0.0.1:0"
    [[listen]]
    handler = "thingspanel"
    address = "127.0.0.1:0"
    [[listen]]
    handler = "thingspanel-raw"
    address = "127.0.0.1:0"
    [[listen]]
    handler = "thingsboard"
    address = "127.0.0.1:0"
    splitter = { name = "lines", max = 128 }
    converter = { name = "text" }
    [[listen]]
    handler = "thingsboard"
    address = "127.0.0.1:0"
    splitter = { name = "json", max = 4096 }
    converter = { name = "json", time = "at" }
    [[listen]]
    handler = "thingsboard"
    address = "127.0.0.1:0"
    splitter = { name = "length_field", order = "little", offset = 4, length = 1, adjustment = 3, strip = 5 }
    converter = { name = "binary" }
    [[device]]
    serial = "panel-01"
    access = "b79f6640-8c11-b7ca-608a-f943bb1e2183"
    [[device]]
    serial = "sensor-01"
    token = "ate2bd319014b24e0a8aca9f00aea4c0d0"
    key = "fe09da81bc4400ee12ab56cd78ef9012"
    [[device]]
    serial = "counted"
    token = "ate2bd319014b24e0a8aca9f00aea4c0d0"
    counter = 0
"#;

/// A row that listens under TLS, with a certificate of its own in the folder.
pub fn certified(folder: &Folder, handler: &str) -> String {
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.0.join(name));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-subj", "/CN=localhost", "-days", "1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl is installed").success());
    format!(
        "[[listen]]\nhandler = {handler:?}\naddress = \"127.0.0.1:0\"\ncertificate = {certificate:?}\nkey = {key:?}\n"
    )
}

/// A folder that goes away.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tipwire-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Gateway {
    child: Child,
    addresses: HashMap<String, String>,
    database: PathBuf,
}

impl Gateway {
    pub fn start(folder: &Folder, settings: &str) -> Gateway {
        let database = folder.0.join("gateway.db");
        let file = folder.0.join("gateway.toml");
        let text = format!("database = {database:?}\nfirst_sight = true\n{settings}");
        std::fs::write(&file, text).unwrap();
        let program = env!("CARGO_BIN_EXE_tipwire-gateway");
        let child = Command::new(program).arg(&file).stdout(Stdio::piped()).spawn().unwrap();
        // From here on, it ends with the value.
        let mut gateway = Gateway { child, addresses: HashMap::new(), database };
        for line in BufReader::new(gateway.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "ready" {
                return gateway;
            }
            let (name, address) = line.split_at(20);
            let address = address.trim().replace("http://", "");
            gateway.addresses.insert(name.trim().to_owned(), address);
        }
        panic!("the gateway did not start");
    }

    /// What a gateway says that does not start with these settings.
    pub fn refuses(folder: &Folder, settings: &str) -> String {
        let file = folder.0.join("gateway.toml");
        let database = folder.0.join("gateway.db");
        std::fs::write(&file, format!("database = {database:?}\n{settings}")).unwrap();
        let program = env!("CARGO_BIN_EXE_tipwire-gateway");
        let output = Command::new(program).arg(&file).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    pub fn address(&self, name: &str) -> &str {
        &self.addresses[name]
    }

    pub fn connect(&self, name: &str) -> TcpStream {
        let stream = TcpStream::connect(self.address(name)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// All that comes back when `bytes` are sent and nothing follows.
    pub fn talk(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect(name);
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    pub fn talk_text(&self, text: &str) -> String {
        String::from_utf8(self.talk("tagotip", text.as_bytes())).unwrap()
    }

    /// An HTTP request; the answer's head and body.
    pub fn http(&self, request: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
        let host = self.address("page");
        let length = body.len();
        let head = format!(
            "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        let answer = self.talk_open("page", &[head.as_bytes(), body].concat());
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
    }

    fn talk_open(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect(name);
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    pub fn state(&self) -> serde_json::Value {
        let (_, body) = self.http("GET /api/state", "", b"");
        serde_json::from_slice(&body).unwrap()
    }

    pub fn command(&self, device: &str, text: &str) -> String {
        let body = serde_json::json!({"device": device, "text": text}).to_string();
        self.http("POST /api/command", "", body.as_bytes()).0
    }

    /// The number of its process.
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Ends it as nothing can be prepared for.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Bytes of memory that it has.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    pub fn database(&self) -> &Path {
        &self.database
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The next line.
pub fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line
}

/// Waits until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every point that is in a database, as JSON.
pub fn points(database: &Path) -> Vec<String> {
    let db = rusqlite::Connection::open(database).unwrap();
    let mut select = db.prepare("SELECT json FROM point ORDER BY id").unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
