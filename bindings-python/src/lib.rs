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
mod session;
mod source;
mod stream;
mod tagoio;
mod thingsboard;
mod thingspanel;
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
    use super::thingspanel::{Packet, Topic, event, parse_packet, values, values_push};
    #[pymodule_export]
    use super::variable::{Location, Raw, Variable};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "what Python calls it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    #[pymodule_export]
    const DEVICE_TOPIC: &str = tipwire::platform::thingsboard::DEVICE_TOPIC;
    #[pymodule_export]
    const GATEWAY_TOPIC: &str = tipwire::platform::thingsboard::GATEWAY_TOPIC;
    #[pymodule_export]
    const DEVICE_NOT_FOUND: &str = tipwire::platform::thingspanel::DEVICE_NOT_FOUND;
    #[pymodule_export]
    const NOT_AUTHORIZED: &str = tipwire::platform::thingspanel::NOT_AUTHORIZED;
    #[pymodule_export]
    const NOT_A_PACKET: &str = tipwire::platform::thingspanel::NOT_A_PACKET;
    #[pymodule_export]
    const REGISTER_FAILED: &str = tipwire::platform::thingspanel::REGISTER_FAILED;
}
