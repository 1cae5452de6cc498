//! `conditional-get URL ETAG`: what a quiet fetch is measured against. One conditional GET with the client that
//! `cmc-fetch` uses, and nothing else; ends with 0 if the answer is 304.

use std::process::ExitCode;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(etag)) = (arguments.next(), arguments.next()) else { return ExitCode::from(2) };
    let mut config = Agent::config_builder().http_status_as_error(false);
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        let Ok(pem) = std::fs::read(file) else { return ExitCode::from(2) };
        let items = parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<Certificate<'static>> = items.collect();
        let roots = RootCerts::new_with_certs(&certificates);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let agent = config.build().new_agent();
    match agent.get(&url).header("if-none-match", &etag).call() {
        Ok(answer) if answer.status() == 304 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
