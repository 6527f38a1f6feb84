//! The Python module `tipwire`: the core's frames, envelopes, streams, sessions and columns as
//! Python objects. No rule of a protocol stands here.
//!
//! `python/tipwire/_tipwire.pyi` says what each name is for.
#![deny(unsafe_code)]

mod batch;
mod build;
mod credentials;
mod envelope;
mod errors;
mod frame;
mod held;
mod lock;
mod platform;
mod session;
mod source;
mod stream;
mod tagoio;
mod thingsboard;
mod value;
mod variable;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _tipwire {
    #[pymodule_export]
    use super::batch::{Batch, decode_batch};
    #[pymodule_export]
    use super::build::{ack, from_points, ping, pull, push};
    #[pymodule_export]
    use super::credentials::{Token, device_hash};
    #[pymodule_export]
    use super::envelope::{Header, Opened, Opener, Sealer, open_any};
    #[pymodule_export]
    use super::frame::{Ack, Frame, Ping, Pull, Push, parse, parse_ack, parse_inner};
    #[pymodule_export]
    use super::platform::{Packet, parse_packet};
    #[pymodule_export]
    use super::session::{
        Answer, Client, Closed, Command, Connect, Devices, Disconnect, Extra, Lost, Rejected,
        Request, Server, Unreadable,
    };
    #[pymodule_export]
    use super::stream::Splitter;
    #[pymodule_export]
    use super::tagoio::{HttpRequest, HttpResponse, MqttMessage, join_login, login, topic};
    #[pymodule_export]
    use super::thingsboard::{
        Converter, Uplink, downlink, gateway_telemetry, parse_uplinks, telemetry, uplink,
    };
    #[pymodule_export]
    use super::variable::{Location, Raw, Variable};

    #[pymodule_export]
    const DEVICE_TOPIC: &str = tipwire::platform::thingsboard::DEVICE_TOPIC;
    #[pymodule_export]
    const GATEWAY_TOPIC: &str = tipwire::platform::thingsboard::GATEWAY_TOPIC;
}
