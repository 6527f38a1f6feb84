//! The settings: `gateway.toml`, as it stands beside this crate, says what there is.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tipwire::platform::thingsboard::Converter;
use tipwire::platform::{Protocol, Shape};
use tipwire::stream::Any;

/// The settings that hold where no file says otherwise.
pub const DEFAULT: &str = include_str!("../gateway.toml");

#[derive(PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub database: PathBuf,
    pub first_sight: bool,
    pub max_devices: usize,
    pub max_megabytes: u32,
    pub max_commands: usize,
    pub limits: Limits,
    pub listen: Vec<Listen>,
    pub device: Vec<DeviceRow>,
    pub forward: Option<Forward>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            database: "gateway.db".into(),
            first_sight: false,
            max_devices: 10_000,
            max_megabytes: 2048,
            max_commands: 16,
            limits: Limits::default(),
            listen: Vec::new(),
            device: Vec::new(),
            forward: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
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

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handler {
    Tagotip,
    TagotipUdp,
    Http,
    Page,
    Thingspanel,
    ThingspanelRaw,
    Thingsboard,
}

/// A socket, and who speaks there.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    pub handler: Handler,
    pub address: SocketAddr,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub backlog: Option<i32>,
    pub receive_buffer: Option<usize>,
    pub send_buffer: Option<usize>,
    pub keep_alive: Option<u64>,
    pub no_delay: Option<bool>,
    splitter: Option<Named>,
    converter: Option<Named>,
}

/// One of the core's splitters or converters, with its settings.
#[derive(Clone, PartialEq, Deserialize)]
struct Named {
    name: String,
    #[serde(flatten)]
    settings: Map<String, Value>,
}

/// A device that is known from the start.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRow {
    pub serial: String,
    pub token: Option<String>,
    pub auth: Option<String>,
    pub key: Option<String>,
    pub access: Option<String>,
    pub layout: Option<String>,
    pub counter: Option<u8>,
}

/// Where what is stored goes on to.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    pub broker: String,
    #[serde(deserialize_with = "shape")]
    pub shape: Shape,
    pub client: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
}

impl Config {
    /// Reads a file of settings.
    pub fn open(path: &str) -> Result<Config, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Config::read(&text)).map_err(|problem| format!("{path}: {problem}"))
    }

    /// Reads settings. What is wrong with them is said with the line, which may hold a secret and is
    /// not shown.
    pub fn read(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.message())
        })
    }
}

fn shape<'de, D: Deserializer<'de>>(input: D) -> Result<Shape, D::Error> {
    let name = String::deserialize(input)?;
    Shape::from_name(&name).ok_or_else(|| {
        let names = Shape::ALL.map(Shape::name).join(", ");
        D::Error::custom(format!("there is no shape {name:?}, but {names}"))
    })
}

impl Listen {
    /// What platforms' devices speak there; `None` where it is TagoTiP.
    pub fn protocol(&self) -> Result<Option<Protocol>, String> {
        Ok(Some(match self.handler {
            Handler::Thingspanel => Protocol::Packets,
            Handler::ThingspanelRaw => Protocol::Raw,
            Handler::Thingsboard => {
                let (splitter, settings) = Named::parts(self.splitter.as_ref(), "lines");
                let rule = Any::from_json(splitter, &settings)
                    .map_err(|kind| format!("splitter {splitter:?}: {kind}"))?;
                let (converter, settings) = Named::parts(self.converter.as_ref(), "text");
                let converter = Converter::new(converter, &settings)
                    .map_err(|kind| format!("converter {converter:?}: {kind}"))?;
                Protocol::Messages(rule, converter)
            }
            Handler::Tagotip | Handler::TagotipUdp | Handler::Http | Handler::Page => {
                return Ok(None);
            }
        }))
    }

    /// What is set here although this handler has no use for it.
    pub fn unused(&self) -> Option<&'static str> {
        let has_connections = self.handler != Handler::TagotipUdp;
        let cuts_messages = self.handler == Handler::Thingsboard;
        let settings = [
            ("certificate", self.certificate.is_some(), has_connections),
            ("key", self.key.is_some(), has_connections),
            ("backlog", self.backlog.is_some(), has_connections),
            ("keep_alive", self.keep_alive.is_some(), has_connections),
            ("no_delay", self.no_delay.is_some(), has_connections),
            ("splitter", self.splitter.is_some(), cuts_messages),
            ("converter", self.converter.is_some(), cuts_messages),
        ];
        settings.iter().find_map(|&(name, is_set, is_used)| (is_set && !is_used).then_some(name))
    }

    /// What is spoken there.
    pub fn name(&self) -> String {
        let name = match self.handler {
            Handler::Tagotip => "tagotip",
            Handler::TagotipUdp => "tagotip, udp",
            Handler::Http => "http",
            Handler::Page => "page",
            Handler::Thingspanel => "thingspanel",
            Handler::ThingspanelRaw => "thingspanel, raw",
            Handler::Thingsboard => {
                &format!("thingsboard, {}", Named::parts(self.converter.as_ref(), "text").0)
            }
        };
        let tls = if self.certificate.is_some() { ", tls" } else { "" };
        format!("{name}{tls}")
    }
}

impl Named {
    /// The name, and the settings as JSON.
    fn parts<'a>(row: Option<&'a Named>, default: &'a str) -> (&'a str, String) {
        let settings = row.map(|row| Value::from(row.settings.clone()).to_string());
        (row.map_or(default, |row| &row.name), settings.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipwire::Layout;

    #[test]
    fn the_default_settings_are_settings() {
        let config = Config::read(DEFAULT).unwrap();
        assert!(config.first_sight && config.forward.is_none());
        assert_eq!(config.listen.len(), 10);
        for row in &config.listen {
            assert_eq!(row.unused(), None);
            row.protocol().unwrap();
        }
    }

    #[test]
    fn what_is_left_out_is_as_in_the_default_settings() {
        let default = Config::read(DEFAULT).unwrap();
        let mut bare = Config::read("").unwrap();
        // These say of themselves that they are not.
        bare.first_sight = true;
        bare.listen = default.listen.clone();
        bare.device = default.device.clone();
        assert!(bare == default);
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
        assert_eq!(forward.shape, Shape::Thingsboard);
        assert!(forward.client.is_some() && forward.user.is_some() && forward.password.is_some());
    }

    /// The words in quotes of the comment that explains a setting.
    fn words(setting: &str) -> Vec<&'static str> {
        let start = DEFAULT.find(&format!("\n#   {setting} ")).unwrap() + 1;
        let lines = DEFAULT[start..].lines().enumerate();
        // To where the next one is explained.
        let lines = lines.take_while(|(n, line)| *n == 0 || line.starts_with("#       "));
        lines.flat_map(|(_, line)| line.split('"').skip(1).step_by(2)).collect()
    }

    fn row(handler: &str, more: &str) -> Listen {
        let row = format!("[[listen]]\nhandler = {handler:?}\naddress = \"0.0.0.0:0\"\n{more}");
        Config::read(&row).unwrap().listen.remove(0)
    }

    #[test]
    fn the_words_that_the_comments_name_are_those_that_there_are() {
        assert_eq!(words("handler").len(), 7);
        for handler in words("handler") {
            row(handler, "");
        }
        assert_eq!(words("converter"), Converter::NAMES);
        let splitters = words("splitter");
        assert!(!splitters.is_empty() && splitters.iter().all(|name| Any::NAMES.contains(name)));
        let layouts: Vec<_> = Layout::ALL.iter().map(|layout| layout.name()).collect();
        assert_eq!(words("layout"), layouts);
        for shape in words("shape") {
            Config::read(&format!("[forward]\nbroker = \"b\"\nshape = {shape:?}")).unwrap();
        }
    }

    #[test]
    fn a_setting_without_a_use_is_no_setting() {
        let unused = |handler: &str, more: &str| row(handler, more).unused();
        for (setting, value) in [
            ("certificate", "\"c\""),
            ("key", "\"k\""),
            ("backlog", "9"),
            ("keep_alive", "9"),
            ("no_delay", "true"),
        ] {
            let more = format!("{setting} = {value}");
            assert_eq!(unused("tagotip-udp", &more), Some(setting));
            assert_eq!(unused("tagotip", &more), None);
        }
        assert_eq!(unused("tagotip-udp", "receive_buffer = 9\nsend_buffer = 9"), None);
        assert_eq!(unused("tagotip", "splitter = { name = \"lines\" }"), Some("splitter"));
        assert_eq!(unused("thingspanel", "converter = { name = \"text\" }"), Some("converter"));
        assert_eq!(unused("thingsboard", "converter = { name = \"text\" }"), None);
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = Config::read("[[listen]]\nhandler = \"telnet\"\naddress = \"0.0.0.0:23\"");
        assert!(wrong.is_err_and(|error| error.contains("telnet")));
        let wrong = Config::read("\n[[device]]\nserial = \"s\"\ntokn = \"secret\"").err().unwrap();
        assert!(wrong.starts_with("line 4: unknown field `tokn`"), "{wrong}");
        assert!(!wrong.contains("secret") && wrong.lines().count() == 1, "{wrong}");
    }
}
