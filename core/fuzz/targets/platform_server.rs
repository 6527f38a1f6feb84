#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tipwire_fuzz::platform::server(data));
