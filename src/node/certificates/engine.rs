//! What the members of etcd under several centrals need to trust nobody else: an authority of their own, a certificate for each
//! member, one for centrals, and each member's settings. It is not the cluster's authority: whoever shows one of these
//! certificates may write the journal.

use std::{net::IpAddr, path::Path};

use super::{
    CertificateError, Folder, begin, check_name,
    names::{AUTHORITY, FileNames},
    random_secret, stem_of,
};

/// Where etcd's package has its members look for what is theirs.
const THERE: &str = "/etc/etcd";
const CLIENTS: u16 = 2379;
const PEERS: u16 = 2380;
/// The certificate of centrals.
pub const CENTRAL: &str = "central";
/// What the settings of a member end with.
pub const SETTINGS: &str = "env";

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeForEngine {
    /// What the files are called.
    pub names: FileNames,
    /// Members, by the stem of their files.
    pub members: Vec<String>,
    /// Where centrals find them.
    pub endpoints: Vec<String>,
}

/// One member.
struct Member {
    stem: String,
    names: Vec<String>,
    /// By which others reach it.
    host: String,
}

impl Member {
    fn of(names: &[String]) -> Result<Self, CertificateError> {
        let stem = stem_of(names)?;
        let is_address = |name: &&String| name.parse::<IpAddr>().is_ok();
        // An address needs no name service, on which a cluster that is to survive much should not depend.
        let first = names.iter().find(is_address).or(names.first());
        let host = match first.map(|name| (name, name.parse())) {
            Some((name, Ok(IpAddr::V6(_)))) => format!("[{name}]"),
            Some((name, _)) => name.clone(),
            None => return Err(CertificateError::Name(String::new())),
        };
        let mut names = names.to_vec();
        for here in ["localhost", "127.0.0.1"] {
            if !names.iter().any(|name| name == here) {
                names.push(here.to_owned());
            }
        }
        names.iter().try_for_each(|name| check_name(name))?;
        Ok(Self { stem, names, host })
    }

    fn url(&self, port: u16) -> String {
        format!("https://{}:{port}", self.host)
    }
}

/// Makes a folder with everything; each member is given as its names and addresses. `usual` is what the files are called.
///
/// # Errors
/// See [`CertificateError`]. An authority that is there already signs for members that are new; nothing is overwritten.
pub fn make_for_engine(
    folder: &Path,
    members: &[Vec<String>],
    usual: FileNames,
) -> Result<MadeForEngine, CertificateError> {
    let folder = Folder(folder);
    let (names, signer, mut files) = begin(&folder, usual)?;
    let members: Result<Vec<Member>, _> = members.iter().map(|names| Member::of(names)).collect();
    let members = members?;
    let token = random_secret()?;
    for member in &members {
        let (certificate, key) = signer.server(&member.names)?;
        files.add(format!("{}.pem", member.stem), &certificate);
        files.add(names.key_file(&member.stem), &key);
        let settings = settings(
            member,
            &members,
            &names.key_file(&member.stem),
            token.trim(),
        );
        files.add(format!("{}.{SETTINGS}", member.stem), &settings);
    }
    if !folder.has(&format!("{CENTRAL}.pem")) {
        let (certificate, key) = signer.client()?;
        files.add(format!("{CENTRAL}.pem"), &certificate);
        files.add(names.key_file(CENTRAL), &key);
    }
    files.write(&folder)?;
    Ok(MadeForEngine {
        names,
        endpoints: members.iter().map(|member| member.url(CLIENTS)).collect(),
        members: members.into_iter().map(|member| member.stem).collect(),
    })
}

/// The settings of a member, as variables that etcd reads.
fn settings(member: &Member, all: &[Member], key: &str, token: &str) -> String {
    let name = |member: &Member| member.stem.clone();
    let peers = all.iter();
    let peers = peers.map(|member| format!("{}={}", name(member), member.url(PEERS)));
    let peers: Vec<String> = peers.collect();
    let file = |name: &str| format!("{THERE}/{name}");
    let certificate = file(&format!("{}.pem", member.stem));
    let (key, authority) = (file(key), file(&format!("{AUTHORITY}.pem")));
    let rows = [
        ("NAME", name(member)),
        ("DATA_DIR", "/var/lib/etcd/trozos".to_owned()),
        ("LISTEN_CLIENT_URLS", format!("https://0.0.0.0:{CLIENTS}")),
        ("ADVERTISE_CLIENT_URLS", member.url(CLIENTS)),
        ("LISTEN_PEER_URLS", format!("https://0.0.0.0:{PEERS}")),
        ("INITIAL_ADVERTISE_PEER_URLS", member.url(PEERS)),
        ("INITIAL_CLUSTER", peers.join(",")),
        ("INITIAL_CLUSTER_STATE", "new".to_owned()),
        ("INITIAL_CLUSTER_TOKEN", token.to_owned()),
        ("CLIENT_CERT_AUTH", "true".to_owned()),
        ("TRUSTED_CA_FILE", authority.clone()),
        ("CERT_FILE", certificate.clone()),
        ("KEY_FILE", key.clone()),
        ("PEER_CLIENT_CERT_AUTH", "true".to_owned()),
        ("PEER_TRUSTED_CA_FILE", authority),
        ("PEER_CERT_FILE", certificate),
        ("PEER_KEY_FILE", key),
    ];
    let rows = rows.iter();
    rows.map(|(name, value)| format!("ETCD_{name}={value}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn members_have_certificates_and_settings_that_name_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let members = [names(&["10.0.0.2"]), names(&["c2.lan", "fd00::2"])];
        let made = make_for_engine(folder.path(), &members, FileNames::ENGLISH).unwrap();
        assert_eq!(made.members, ["10.0.0.2", "c2.lan"]);
        assert_eq!(
            made.endpoints,
            ["https://10.0.0.2:2379", "https://[fd00::2]:2379"]
        );
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let settings = read("c2.lan.env");
        let all =
            "ETCD_INITIAL_CLUSTER=10.0.0.2=https://10.0.0.2:2380,c2.lan=https://[fd00::2]:2380\n";
        assert!(settings.contains(all), "{settings}");
        assert!(
            settings.contains("ETCD_KEY_FILE=/etc/etcd/c2.lan-key.pem\n"),
            "{settings}"
        );
        let token = |text: &str| {
            text.lines()
                .find(|row| row.contains("TOKEN"))
                .map(str::to_owned)
        };
        assert_eq!(token(&settings), token(&read("10.0.0.2.env")));
        assert!(!folder.path().join("secret").exists());
        // Nothing is made anew.
        let again = make_for_engine(folder.path(), &members, FileNames::ENGLISH);
        assert!(matches!(again, Err(CertificateError::Exists(_))));
        let bad = make_for_engine(folder.path(), &[names(&["a b"])], FileNames::ENGLISH);
        assert!(matches!(bad, Err(CertificateError::Name(_))));
    }
}
