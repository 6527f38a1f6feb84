//! Rows of settings for what the core has: rules that cut a stream, and converters of messages.

use serde::Deserialize;
use serde_json::{Map, Value};
use tipwire::platform::thingsboard::Converter;
use tipwire::stream::{Any, Order, Settings};

/// How a stream is cut into messages: one of the core's rules, with its settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitterRow {
    pub name: String,
    max: Option<usize>,
    strip: Option<Strip>,
    delimiters: Option<Vec<String>>,
    order: Option<OrderName>,
    offset: Option<usize>,
    length: Option<usize>,
    adjustment: Option<i64>,
}

/// Whether the delimiter is taken off, or how many bytes are taken off the front.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Strip {
    Delimiter(bool),
    Bytes(usize),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OrderName {
    Big,
    Little,
}

impl Default for SplitterRow {
    fn default() -> SplitterRow {
        SplitterRow {
            name: "lines".into(),
            max: None,
            strip: None,
            delimiters: None,
            order: None,
            offset: None,
            length: None,
            adjustment: None,
        }
    }
}

impl SplitterRow {
    pub fn rule(&self) -> Result<Any, String> {
        let delimiters = self.delimiters.as_deref().unwrap_or_default();
        let delimiters: Vec<&[u8]> = delimiters.iter().map(String::as_bytes).collect();
        let settings = Settings {
            max: self.max,
            strip: self.strip.map(|strip| match strip {
                Strip::Delimiter(is_taken) => is_taken.into(),
                Strip::Bytes(count) => count,
            }),
            delimiters: self.delimiters.is_some().then_some(&delimiters),
            order: self.order.map(|order| match order {
                OrderName::Big => Order::Big,
                OrderName::Little => Order::Little,
            }),
            offset: self.offset,
            length: self.length,
            adjustment: self.adjustment,
        };
        let wrong = |kind| format!("splitter {:?}: {kind}", self.name);
        Any::new(&self.name, &settings).map_err(wrong)
    }
}

/// What makes uplinks of messages: one of the core's converters, with its settings.
#[derive(Clone, Debug, Deserialize)]
pub struct ConverterRow {
    pub name: String,
    #[serde(flatten)]
    settings: Map<String, Value>,
}

impl Default for ConverterRow {
    fn default() -> ConverterRow {
        ConverterRow { name: "text".into(), settings: Map::default() }
    }
}

impl ConverterRow {
    pub fn make(&self) -> Result<Converter, String> {
        let settings = Value::from(self.settings.clone()).to_string();
        let wrong = |kind| format!("converter {:?}: {kind}", self.name);
        Converter::new(&self.name, &settings).map_err(wrong)
    }
}
