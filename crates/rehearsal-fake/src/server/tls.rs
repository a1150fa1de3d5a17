//! HTTPS: `--ssl-keyfile`, `--ssl-certfile`, `--ssl-ca-certs`, `--ssl-cert-reqs`.

use std::sync::Arc;

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{VerifierBuilderError, WebPkiClientVerifier},
    },
};

/// A server's key and certificates, ready to be used ([`FakeVllmBuilder::tls`](crate::FakeVllmBuilder::tls)).
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
}

/// Whether a client needs a certificate (`ssl_cert_reqs` of Python's `ssl` module).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// None is asked for (0).
    #[default]
    Ignored,
    /// One that is shown must be good (1).
    Optional,
    /// One must be shown (2).
    Required,
}

/// Why key and certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The PEM text does not hold what it should.
    #[error("no {what} in the PEM text: {reason}")]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// Key and certificates do not go together.
    #[error("key and certificate: {0}")]
    Config(#[from] tokio_rustls::rustls::Error),
    /// The certificates of those who sign clients' certificates.
    #[error("certificates of signers: {0}")]
    Signers(#[from] VerifierBuilderError),
}

impl Tls {
    /// Reads PEM texts: the private key, the chain of certificates, and, where clients show certificates, those of their signers.
    pub fn from_pem(
        key: &[u8],
        chain: &[u8],
        signers: Option<&[u8]>,
        clients: ClientCertificates,
    ) -> Result<Self, TlsError> {
        let pem = |what| {
            move |error: tokio_rustls::rustls::pki_types::pem::Error| TlsError::Pem { what, reason: error.to_string() }
        };
        let key = PrivateKeyDer::from_pem_slice(key).map_err(pem("private key"))?;
        let chain = certificates(chain)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let builder = if clients == ClientCertificates::Ignored {
            builder.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(signers.unwrap_or_default())? {
                roots.add(certificate)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match clients {
                ClientCertificates::Optional => verifier.allow_unauthenticated(),
                ClientCertificates::Ignored | ClientCertificates::Required => verifier,
            };
            builder.with_client_cert_verifier(verifier.build()?)
        };
        let mut config = builder.with_single_cert(chain, key)?;
        // uvicorn speaks HTTP/1.1 only
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config) })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let what = "certificate";
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| TlsError::Pem { what, reason: error.to_string() })?;
    if found.is_empty() { Err(TlsError::Pem { what, reason: "it holds none".to_owned() }) } else { Ok(found) }
}
