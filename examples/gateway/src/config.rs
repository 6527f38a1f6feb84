//! The settings: `gateway.toml`, as it stands beside this crate, says what there is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Deserialize;
use tipwire::Layout;

use crate::converters::{ConverterRow, SplitterRow};

/// The settings that hold where no file says otherwise.
pub const DEFAULT: &str = include_str!("../gateway.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default = "database")]
    pub database: PathBuf,
    #[serde(default)]
    pub first_sight: bool,
    #[serde(default = "max_devices")]
    pub max_devices: usize,
    #[serde(default)]
    pub durability: Durability,
    #[serde(default = "max_megabytes")]
    pub max_megabytes: u32,
    #[serde(default = "max_commands")]
    pub max_commands: usize,
    #[serde(default)]
    pub limits: Limits,
    pub page: Option<Page>,
    #[serde(default)]
    pub listen: Vec<Listen>,
    #[serde(default)]
    pub device: Vec<DeviceRow>,
    pub forward: Option<Forward>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    #[default]
    Full,
    Normal,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub connections: usize,
    pub connections_per_address: usize,
    pub requests_per_second: u32,
    pub idle: u32,
    pub time_to_live: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 20_000,
            connections_per_address: 64,
            requests_per_second: 0,
            idle: 20,
            time_to_live: 60,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub address: SocketAddr,
    /// The folder of the page, and that of the npm package which it uses.
    pub folder: Option<PathBuf>,
    pub package: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handler {
    Tagotip,
    TagotipUdp,
    Http,
    Thingspanel,
    ThingspanelRaw,
    Thingsboard,
}

/// A socket, and who speaks there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    pub handler: Handler,
    pub address: SocketAddr,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    #[serde(default = "backlog")]
    pub backlog: i32,
    pub receive_buffer: Option<usize>,
    pub send_buffer: Option<usize>,
    pub keep_alive: Option<u64>,
    #[serde(default = "yes")]
    pub no_delay: bool,
    #[serde(default)]
    pub splitter: Option<SplitterRow>,
    #[serde(default)]
    pub converter: Option<ConverterRow>,
}

/// A device that is known from the start.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRow {
    pub serial: String,
    pub token: Option<String>,
    pub auth: Option<String>,
    pub key: Option<String>,
    pub access: Option<String>,
    #[serde(default)]
    pub layout: LayoutName,
    #[serde(default)]
    pub counter: Counter,
}

/// Secrets are not shown.
impl std::fmt::Debug for DeviceRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceRow").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// How the headers of a device's envelopes are laid out.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutName {
    #[default]
    Current,
    Short,
}

impl From<LayoutName> for Layout {
    fn from(name: LayoutName) -> Layout {
        match name {
            LayoutName::Current => Layout::Current,
            LayoutName::Short => Layout::Short,
        }
    }
}

/// How the sequence counter of a device is looked at.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Counter {
    Named(CounterName),
    Window(u8),
    #[default]
    #[serde(skip)]
    Off,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CounterName {
    Off,
    Strict,
}

impl Counter {
    /// How far numbers may be out of order; `None` where they are not looked at.
    pub fn window(self) -> Option<u8> {
        match self {
            Counter::Off | Counter::Named(CounterName::Off) => None,
            Counter::Named(CounterName::Strict) => Some(0),
            Counter::Window(window) => Some(window),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    Thingsboard,
    Thingspanel,
    Tagotip,
}

/// Where what is stored goes on to.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    pub broker: String,
    pub shape: Shape,
    #[serde(default = "client")]
    pub client: String,
    pub user: Option<String>,
    pub password: Option<String>,
}

/// Without the password.
impl std::fmt::Debug for Forward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut forward = f.debug_struct("Forward");
        forward.field("broker", &self.broker).field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads settings; what is wrong with them is said with the line.
    pub fn read(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

impl Listen {
    pub fn splitter(&self) -> &SplitterRow {
        static LINES: LazyLock<SplitterRow> = LazyLock::new(SplitterRow::default);
        self.splitter.as_ref().unwrap_or(&LINES)
    }

    pub fn converter(&self) -> &ConverterRow {
        static TEXT: LazyLock<ConverterRow> = LazyLock::new(ConverterRow::default);
        self.converter.as_ref().unwrap_or(&TEXT)
    }

    /// What is set here although this handler has no use for it.
    pub fn unused(&self) -> Option<&'static str> {
        let is_udp = self.handler == Handler::TagotipUdp;
        let is_thingsboard = self.handler == Handler::Thingsboard;
        match self {
            _ if is_udp && self.certificate.is_some() => Some("certificate"),
            _ if is_udp && self.key.is_some() => Some("key"),
            _ if is_udp && self.keep_alive.is_some() => Some("keep_alive"),
            _ if !is_thingsboard && self.splitter.is_some() => Some("splitter"),
            _ if !is_thingsboard && self.converter.is_some() => Some("converter"),
            _ => None,
        }
    }

    /// What is spoken there.
    pub fn name(&self) -> String {
        let (name, what) = match self.handler {
            Handler::Tagotip => ("tagotip", ""),
            Handler::TagotipUdp => ("tagotip", ", udp"),
            Handler::Http => ("http", ""),
            Handler::Thingspanel => ("thingspanel", ""),
            Handler::ThingspanelRaw => ("thingspanel", ", raw"),
            Handler::Thingsboard => ("thingsboard, ", self.converter().name.as_str()),
        };
        let tls = if self.certificate.is_some() { ", tls" } else { "" };
        format!("{name}{what}{tls}")
    }
}

fn database() -> PathBuf {
    "gateway.db".into()
}

fn max_devices() -> usize {
    10_000
}

fn max_megabytes() -> u32 {
    2048
}

fn max_commands() -> usize {
    16
}

fn backlog() -> i32 {
    1024
}

fn yes() -> bool {
    true
}

fn client() -> String {
    "tipwire-gateway".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipwire::platform::thingsboard::Converter;
    use tipwire::stream::Any;

    #[test]
    fn the_default_settings_are_settings() {
        let config = Config::read(DEFAULT).unwrap();
        assert!(config.first_sight && config.forward.is_none());
        assert_eq!(config.listen.len(), 9);
        for row in &config.listen {
            assert_eq!(row.unused(), None);
            row.splitter().rule().unwrap();
            row.converter().make().unwrap();
        }
    }

    #[test]
    fn what_is_left_out_is_as_in_the_default_settings() {
        let (mut bare, default) = (Config::read("").unwrap(), Config::read(DEFAULT).unwrap());
        // These say of themselves that they are not.
        bare.first_sight = true;
        bare.page = default.page.clone();
        bare.listen = default.listen.clone();
        bare.device = default.device.clone();
        assert_eq!(format!("{bare:#?}"), format!("{default:#?}"));
    }

    /// The default settings, with what stands commented out in them.
    fn shown() -> String {
        let rows = DEFAULT.lines().map(|line| {
            let setting = line.strip_prefix("# ").unwrap_or(line);
            let is_setting = setting.starts_with('[')
                || setting.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
            if is_setting { setting } else { line }
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_the_comments_show_are_settings_too() {
        let config = Config::read(&shown()).unwrap();
        assert!(config.listen.iter().any(|row| row.certificate.is_some()));
        let forward = config.forward.unwrap();
        assert_eq!((forward.shape, forward.client), (Shape::Thingsboard, client()));
        assert!(forward.user.is_some() && forward.password.is_some());
        let page = config.page.unwrap();
        for (folder, file) in [(page.folder, "index.html"), (page.package, "")] {
            let folder = folder.unwrap();
            let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            // The package is made when it is needed.
            assert!(file.is_empty() || beside.join(&folder).join(file).exists(), "{folder:?}");
        }
    }

    /// The words in quotes of the comment that explains a setting.
    fn words(setting: &str) -> Vec<&'static str> {
        let start = DEFAULT.find(&format!("\n#   {setting} ")).unwrap() + 1;
        let lines = DEFAULT[start..].lines().enumerate();
        // To where the next one is explained.
        let lines = lines.take_while(|(n, line)| *n == 0 || line.starts_with("#       "));
        lines.flat_map(|(_, line)| line.split('"').skip(1).step_by(2)).collect()
    }

    #[test]
    fn the_words_that_the_comments_name_are_those_that_there_are() {
        let row =
            |more: &str| Config::read(&format!("[[listen]]\naddress = \"0.0.0.0:0\"\n{more}"));
        assert_eq!(words("handler").len(), 6);
        for handler in words("handler") {
            row(&format!("handler = {handler:?}")).unwrap();
        }
        assert_eq!(words("converter"), Converter::NAMES);
        let splitters = words("splitter");
        assert!(!splitters.is_empty() && splitters.iter().all(|name| Any::NAMES.contains(name)));
        let device = |more: &str| Config::read(&format!("[[device]]\nserial = \"s\"\n{more}"));
        for layout in words("layout") {
            device(&format!("layout = {layout:?}")).unwrap();
        }
        let counters = words("counter");
        let windows = counters.iter().map(|counter| {
            device(&format!("counter = {counter:?}")).unwrap().device[0].counter.window()
        });
        assert_eq!(windows.collect::<Vec<_>>(), [None, Some(0)]);
        assert_eq!(device("counter = 32").unwrap().device[0].counter.window(), Some(32));
        for shape in words("shape") {
            Config::read(&format!("[forward]\nbroker = \"b\"\nshape = {shape:?}")).unwrap();
        }
    }

    #[test]
    fn a_setting_without_a_use_is_no_setting() {
        let unused = |handler: &str, more: &str| {
            let row = format!("handler = {handler:?}\naddress = \"0.0.0.0:0\"\n{more}");
            Config::read(&format!("[[listen]]\n{row}")).unwrap().listen[0].unused()
        };
        assert_eq!(unused("tagotip-udp", "certificate = \"c\"\nkey = \"k\""), Some("certificate"));
        assert_eq!(unused("tagotip-udp", "keep_alive = 9"), Some("keep_alive"));
        assert_eq!(unused("tagotip", "splitter = { name = \"lines\" }"), Some("splitter"));
        assert_eq!(unused("thingspanel", "converter = { name = \"text\" }"), Some("converter"));
        assert_eq!(unused("thingsboard", "converter = { name = \"text\" }"), None);
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = Config::read("[[listen]]\nhandler = \"telnet\"\naddress = \"0.0.0.0:23\"");
        assert!(wrong.unwrap_err().contains("telnet"));
        assert!(Config::read("databse = \"x\"").unwrap_err().contains("databse"));
    }
}
