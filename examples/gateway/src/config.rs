//! The settings: `gateway.toml`, as it stands beside this crate, says what there is.

use std::net::SocketAddr;
use std::path::PathBuf;

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
    #[serde(default)]
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
    pub splitter: SplitterRow,
    #[serde(default)]
    pub converter: ConverterRow,
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
    /// What is spoken there.
    pub fn name(&self) -> String {
        let (name, what) = match self.handler {
            Handler::Tagotip => ("tagotip", ""),
            Handler::TagotipUdp => ("tagotip", ", udp"),
            Handler::Http => ("http", ""),
            Handler::Thingspanel => ("thingspanel", ""),
            Handler::ThingspanelRaw => ("thingspanel", ", raw"),
            Handler::Thingsboard => ("thingsboard, ", self.converter.name.as_str()),
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

    #[test]
    fn the_default_settings_are_settings() {
        let config = Config::read(DEFAULT).unwrap();
        assert!(config.first_sight && config.forward.is_none());
        assert_eq!(config.listen.len(), 9);
        for row in &config.listen {
            row.splitter.rule().unwrap();
            row.converter.make().unwrap();
        }
    }

    #[test]
    fn what_the_comments_show_are_settings_too() {
        let rows = DEFAULT.lines().map(|line| {
            let setting = line.strip_prefix("# ").unwrap_or(line);
            if setting.starts_with("[[") || setting.starts_with('[') || setting.contains(" = ") {
                setting
            } else {
                line
            }
        });
        let config = Config::read(&rows.collect::<Vec<_>>().join("\n")).unwrap();
        assert!(config.listen.iter().any(|row| row.certificate.is_some()));
        assert_eq!(config.forward.unwrap().shape, Shape::Thingsboard);
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = Config::read("[[listen]]\nhandler = \"telnet\"\naddress = \"0.0.0.0:23\"");
        assert!(wrong.unwrap_err().contains("telnet"));
        assert!(Config::read("databse = \"x\"").unwrap_err().contains("databse"));
    }
}
