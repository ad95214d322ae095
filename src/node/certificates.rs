//! A private authority and the certificates of a small cluster, in one folder. Overwrites nothing: a folder that
//! has an authority already gets the missing certificates, signed by it.

pub mod engine;
mod error;
mod files;
mod names;

use std::{net::IpAddr, path::Path};

use jiff::{ToSpan, civil::Date};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use ring::rand::{SecureRandom, SystemRandom};

use crate::net::{Authority, Identity};

pub use self::{
    error::{AuthorityTrouble, CertificateError},
    names::FileNames,
};
use self::{
    files::{Files, Folder},
    names::AUTHORITY,
};

/// How long certificates are good: nobody renews those of a cluster in a laboratory.
const YEARS: i64 = 10;
/// Subject of the authority. Always the same, so that the key alone is enough to sign more.
const AUTHORITY_NAME: &str = "trozos: autoridad del grupo";
/// Subject of the certificate of clients, in every language.
const CLIENT_NAME: &str = "cliente";
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What the files are called.
    pub names: FileNames,
    /// The authority is new; otherwise one that was there has signed.
    pub new_authority: bool,
    /// Servers, by the stem of their files.
    pub servers: Vec<String>,
    /// A certificate for clients was made too.
    pub client: bool,
    /// A secret was made too.
    pub secret: bool,
}

/// Opens the authority of a folder, or makes it; what is new of it is the first that is to be written.
fn begin(
    folder: &Folder<'_>,
    usual: FileNames,
) -> Result<(FileNames, Signer, Files), CertificateError> {
    let names = FileNames::of(|name| folder.has(name), usual);
    let signer = Signer::open(folder, &names.authority_key())?;
    let mut files = Files::default();
    if let Some(pem) = &signer.new_pem {
        files.add(format!("{AUTHORITY}.pem"), pem);
        files.add(names.authority_key(), &signer.key_pem);
    }
    Ok((names, signer, files))
}

/// Makes what a folder lacks: an authority, a secret, a certificate for clients; and one for each server, which
/// is given as its host names and addresses. `usual` is what the files are called in a folder that has none yet.
///
/// # Errors
/// See [`CertificateError`]. Nothing was written, unless writing itself failed.
pub fn make(
    folder: &Path,
    servers: &[Vec<String>],
    usual: FileNames,
) -> Result<Made, CertificateError> {
    let folder = Folder(folder);
    let (names, signer, mut files) = begin(&folder, usual)?;
    let mut stems = Vec::new();
    for server in servers {
        let stem = stem_of(server)?;
        let (certificate, key) = signer.server(server)?;
        files.add(format!("{stem}.pem"), &certificate);
        files.add(names.key_file(&stem), &key);
        stems.push(stem);
    }
    let is_client = |names: &FileNames| folder.has(&format!("{}.pem", names.client));
    let client = !FileNames::ALL.iter().any(is_client);
    if client {
        let (certificate, key) = signer.client()?;
        files.add(format!("{}.pem", names.client), &certificate);
        files.add(names.key_file(names.client), &key);
    }
    let secret = !FileNames::ALL.iter().any(|names| folder.has(names.secret));
    if secret {
        files.add(names.secret.to_owned(), &random_secret()?);
    }
    files.write(&folder)?;
    Ok(Made {
        names,
        new_authority: signer.new_pem.is_some(),
        servers: stems,
        client,
        secret,
    })
}

/// The names and addresses by which this machine may be reached.
pub fn of_this_machine() -> Vec<String> {
    let node = rustix::system::uname();
    let host = node.nodename().to_string_lossy().into_owned();
    let mut names = vec![host, "localhost".to_owned()];
    names.extend(["127.0.0.1", "::1"].map(str::to_owned));
    let others = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    // Those of one link too: without a router there are no others.
    names.extend(others.map(|interface| interface.ip().to_string()));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| check_name(name).is_ok() && seen.insert(name.clone()));
    names
}

/// A server's files are called by its first name.
fn stem_of(names: &[String]) -> Result<String, CertificateError> {
    names.iter().try_for_each(|name| check_name(name))?;
    let first = names.first().ok_or(CertificateError::Name(String::new()))?;
    Ok(first.replace(':', "_"))
}

fn check_name(name: &str) -> Result<(), CertificateError> {
    let is_address = name.parse::<IpAddr>().is_ok();
    let labels = name.split('.').all(|label| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    if is_address || (labels && name.len() <= 253) {
        Ok(())
    } else {
        Err(CertificateError::Name(name.to_owned()))
    }
}

fn random_secret() -> Result<String, CertificateError> {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CertificateError::Crypto("the system has no random numbers".to_owned()))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digits + "\n")
}

/// The authority, ready to sign.
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    key_pem: String,
    /// Its certificate, where it is new.
    new_pem: Option<String>,
    trust: Authority,
}

impl Signer {
    fn open(folder: &Folder<'_>, key: &str) -> Result<Self, CertificateError> {
        let certificate = format!("{AUTHORITY}.pem");
        match (folder.has(&certificate), folder.has(key)) {
            (false, false) => Self::new(),
            (true, true) => Self::old(folder, &certificate, key),
            (here, _) => Err(CertificateError::Authority {
                path: folder.path(if here { key } else { &certificate }),
                trouble: AuthorityTrouble::Missing,
            }),
        }
    }

    fn new() -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let key_pem = key.serialize_pem();
        let params = authority_params();
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            trust: Authority::from_pem(pem.as_bytes())?,
            issuer: Issuer::new(params, key),
            key_pem,
            new_pem: Some(pem),
        })
    }

    fn old(folder: &Folder<'_>, certificate: &str, key: &str) -> Result<Self, CertificateError> {
        let key_pem = folder.read(key)?;
        let bad = |name: &str, trouble: AuthorityTrouble| CertificateError::Authority {
            path: folder.path(name),
            trouble,
        };
        let pair = KeyPair::from_pem(&key_pem).map_err(|_| bad(key, AuthorityTrouble::Key))?;
        let trust = Authority::from_pem(folder.read(certificate)?.as_bytes())
            .map_err(|error| bad(certificate, AuthorityTrouble::Certificate(error)))?;
        let signer = Self {
            trust,
            issuer: Issuer::new(authority_params(), pair),
            key_pem,
            new_pem: None,
        };
        // A certificate of another program's authority, or of another key, would trust nothing that is
        // signed here.
        signer
            .server(&["localhost".to_owned()])
            .map_err(|_| bad(certificate, AuthorityTrouble::NotAPair))?;
        Ok(signer)
    }

    /// A server's certificate and key. Servers connect to each other too.
    fn server(&self, names: &[String]) -> Result<(String, String), CertificateError> {
        let mut params = CertificateParams::new(names)?;
        if let Some(first) = names.first() {
            params
                .distinguished_name
                .push(DnType::CommonName, first.as_str());
        }
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let (certificate, key) = self.sign(params)?;
        let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes())?;
        for name in names {
            self.trust
                .check(&identity, name)
                .map_err(|trouble| CertificateError::Crypto(trouble.to_string()))?;
        }
        Ok((certificate, key))
    }

    /// A certificate that no server can show.
    fn client(&self) -> Result<(String, String), CertificateError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params
            .distinguished_name
            .push(DnType::CommonName, CLIENT_NAME);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Result<(String, String), CertificateError> {
        let mut params = with_dates(params);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

fn authority_params() -> CertificateParams {
    let mut params = with_dates(CertificateParams::default());
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// From yesterday, as clocks differ.
fn with_dates(mut params: CertificateParams) -> CertificateParams {
    let today = jiff::Zoned::now().date();
    let moment = |date: Date| {
        rcgen::date_time_ymd(
            date.year().into(),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    params.not_before = moment(today.saturating_sub(1.day()));
    params.not_after = moment(today.saturating_add(YEARS.years()));
    params
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    fn made_in(folder: &Path, servers: &[Vec<String>]) -> Result<Made, CertificateError> {
        make(folder, servers, FileNames::SPANISH)
    }

    #[test]
    fn a_folder_keeps_the_names_of_its_first_language() {
        for (first, second) in [
            (FileNames::SPANISH, FileNames::ENGLISH),
            (FileNames::ENGLISH, FileNames::SPANISH),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path();
            let made = make(path, &[names(&["a"])], first).unwrap();
            assert!(made.new_authority && made.secret && made.names == first);
            let secret = fs::read(path.join(first.secret)).unwrap();
            let more = make(path, &[names(&["b"])], second).unwrap();
            assert!(!more.new_authority && !more.secret && !more.client);
            assert_eq!(more.names, first);
            assert_eq!(fs::read(path.join(first.secret)).unwrap(), secret);
            assert!(path.join(first.key_file("b")).exists());
            // ca, client, a and b, each with its key, and the secret.
            assert_eq!(fs::read_dir(path).unwrap().count(), 9);
            // Its key is gone: nobody gets another authority unasked.
            fs::remove_file(path.join(first.authority_key())).unwrap();
            let refused = make(path, &[names(&["c"])], second).unwrap_err();
            assert!(matches!(refused, CertificateError::Authority { .. }));
        }
    }

    #[test]
    fn a_folder_gets_what_it_lacks_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificados");
        let made = made_in(&path, &[names(&["10.0.0.2", "central.lan"])]).unwrap();
        assert!(made.new_authority && made.client && made.secret);
        assert_eq!(made.servers, ["10.0.0.2"]);
        let before = fs::read(path.join("ca.pem")).unwrap();
        for entry in fs::read_dir(&path).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let again = made_in(&path, &[names(&["10.0.0.2"])]).unwrap_err();
        assert!(matches!(again, CertificateError::Exists(_)), "{again}");
        let more = made_in(&path, &[names(&["fd00::1"])]).unwrap();
        assert!(!more.new_authority && !more.client && !more.secret);
        assert_eq!(fs::read(path.join("ca.pem")).unwrap(), before);
        let authority = Authority::from_pem(&before).unwrap();
        for (stem, name) in [("10.0.0.2", "central.lan"), ("fd00__1", "fd00::1")] {
            let certificate = fs::read(path.join(format!("{stem}.pem"))).unwrap();
            let key = fs::read(path.join(FileNames::SPANISH.key_file(stem))).unwrap();
            let identity = Identity::from_pem(&certificate, &key).unwrap();
            assert_eq!(authority.check(&identity, name), Ok(()));
            assert!(authority.check(&identity, "10.0.0.3").is_err());
        }
    }

    #[test]
    fn a_client_cannot_show_its_certificate_as_a_server() {
        let signer = Signer::new().unwrap();
        let (certificate, key) = signer.client().unwrap();
        let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        assert!(signer.trust.check(&identity, "localhost").is_err());
    }

    #[test]
    fn an_authority_of_another_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        made_in(folder.path(), &[]).unwrap();
        let other = KeyPair::generate().unwrap().serialize_pem();
        fs::write(folder.path().join("ca-clave.pem"), other).unwrap();
        let refused = made_in(folder.path(), &[names(&["a"])]).unwrap_err();
        assert!(matches!(refused, CertificateError::Authority { .. }));
        fs::remove_file(folder.path().join("ca-clave.pem")).unwrap();
        let refused = made_in(folder.path(), &[names(&["a"])]).unwrap_err();
        assert!(matches!(refused, CertificateError::Authority { .. }));
    }

    #[test]
    fn names_are_hosts_or_addresses() {
        for good in ["localhost", "a.b-c.lan", "10.0.0.2", "fd00::1"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "../x", "a/b", "a..b", "-a", "ñ.lan", "a b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(of_this_machine().contains(&"127.0.0.1".to_owned()));
    }
}
