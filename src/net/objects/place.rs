//! Where a bucket is: `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix`. Endpoint, region and credentials are
//! those of the environment, as each kind of store names them; nothing of them is kept here or told.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use object_store::{
    BackoffConfig, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum, S3ConditionalPut},
    azure::MicrosoftAzureBuilder,
    client::ClientConfigKey,
    gcp::GoogleCloudStorageBuilder,
    memory::InMemory,
};
use parking_lot::Mutex;

use super::{
    fault::sort,
    store::{Objects, Store},
    transport::{Dial, PLAIN_HTTP},
    types::ObjectError,
};
use crate::model::RemoteError;

/// What may be written before `://`.
const SCHEMES: &[&str] = &["s3", "az", "gs", "memory"];
/// Longest name of a bucket, in bytes: S3's limit is 63, Azure's the same, Google's 222 with dots.
const MOST_BUCKET: usize = 222;

/// Stores in memory, by name: for trying things out. They end with the process.
static MEMORIES: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);

struct Place<'a> {
    scheme: &'a str,
    bucket: &'a str,
    prefix: String,
}

fn parse(text: &str) -> Option<Place<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let is_part_of_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if !SCHEMES.contains(&scheme)
        || bucket.is_empty()
        || bucket.len() > MOST_BUCKET
        || !bucket.chars().all(is_part_of_name)
    {
        return None;
    }
    let trimmed = prefix.trim_matches('/');
    let is_bad = |part: &str| part.is_empty() || part == "." || part == "..";
    if !trimmed.is_empty() && trimmed.split('/').any(is_bad)
        || trimmed.chars().any(char::is_control)
    {
        return None;
    }
    let prefix = match trimmed {
        "" => String::new(),
        below => format!("{below}/"),
    };
    Some(Place {
        scheme,
        bucket,
        prefix,
    })
}

/// Settings by the names that a kind of store gives them, in lower case.
type Settings = Vec<(String, String)>;

impl Objects {
    /// Opens a bucket with the settings of the environment; nothing is asked of it yet.
    ///
    /// # Errors
    /// [`RemoteError::Address`], [`RemoteError::PlainHttp`] and [`RemoteError::Credentials`], as far as they can be known
    /// without asking.
    pub fn open(address: &str) -> Result<Self, RemoteError> {
        let given = std::env::vars_os();
        let text = given.filter_map(|(key, value)| {
            let (key, value) = (key.into_string().ok()?, value.into_string().ok()?);
            (!value.is_empty()).then_some((key, value))
        });
        Self::open_with(address, text)
    }

    /// The same with these settings; those of other stores among them do not matter.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        address: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, RemoteError> {
        let place = parse(address).ok_or(RemoteError::Address)?;
        let of = |prefix: &'static str| {
            let settings = settings.into_iter();
            let settings = settings.filter(|(key, _)| key.starts_with(prefix));
            settings
                .map(|(key, value)| (key.to_ascii_lowercase(), value))
                .collect()
        };
        let client: Arc<dyn Store> = match place.scheme {
            "s3" => s3(place.bucket, of("AWS_"))?,
            "az" => azure(place.bucket, of("AZURE_"))?,
            "gs" => google(place.bucket, of("GOOGLE_"))?,
            _ => {
                let mut memories = MEMORIES.lock();
                Arc::clone(memories.entry(place.bucket.to_owned()).or_default()) as _
            }
        };
        let below = place.prefix.trim_end_matches('/');
        let slash = if below.is_empty() { "" } else { "/" };
        let shown = format!("{}://{}{slash}{below}", place.scheme, place.bucket);
        Ok(Self {
            client,
            prefix: place.prefix.into(),
            shown: shown.into(),
        })
    }
}

fn s3(bucket: &str, settings: Settings) -> Result<Arc<dyn Store>, RemoteError> {
    let mut builder = AmazonS3Builder::new();
    for (key, value) in settings {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    builder = builder
        .with_bucket_name(bucket)
        .with_retry(retry())
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_http_connector(Dial);
    let given = |key: AmazonS3ConfigKey| builder.get_config_value(&key);
    let endpoint = given(AmazonS3ConfigKey::S3Endpoint).or(given(AmazonS3ConfigKey::Endpoint));
    let allows = given(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    let is_plain = endpoint
        .as_ref()
        .is_some_and(|url| url.starts_with("http:"));
    if is_plain && allows.as_deref() != Some("true") {
        return Err(RemoteError::PlainHttp);
    }
    // Elsewhere than at Amazon's no machine is asked for credentials: it would be waited for in vain.
    let signs = given(AmazonS3ConfigKey::SkipSignature).as_deref() != Some("true");
    let has_key = given(AmazonS3ConfigKey::AccessKeyId).is_some();
    let has_role = given(AmazonS3ConfigKey::WebIdentityTokenFile).is_some();
    if signs && endpoint.is_some() && !has_key && !has_role {
        return Err(RemoteError::Credentials);
    }
    if given(AmazonS3ConfigKey::Checksum).is_none() {
        builder = builder.with_checksum_algorithm(Checksum::SHA256);
    }
    Ok(Arc::new(builder.build().map_err(unmade)?))
}

fn azure(container: &str, settings: Settings) -> Result<Arc<dyn Store>, RemoteError> {
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, value) in settings {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder
        .with_container_name(container)
        .with_retry(retry())
        .with_http_connector(Dial);
    Ok(Arc::new(builder.build().map_err(unmade)?))
}

fn google(bucket: &str, settings: Settings) -> Result<Arc<dyn Store>, RemoteError> {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (key, value) in settings {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder
        .with_bucket_name(bucket)
        .with_retry(retry())
        .with_http_connector(Dial);
    Ok(Arc::new(builder.build().map_err(unmade)?))
}

/// Why a client could not be made. Its text may quote what was given, so it is not told.
fn unmade(error: object_store::Error) -> RemoteError {
    let text = error.to_string();
    if text.contains(PLAIN_HTTP) {
        return RemoteError::PlainHttp;
    }
    let lacks = [
        "AccessKey",
        "SecretAccess",
        "Account",
        "ccount must",
        "ServiceAccount",
        "credential",
    ];
    if lacks.iter().any(|word| text.contains(word)) {
        return RemoteError::Credentials;
    }
    match sort(error) {
        ObjectError::Store(RemoteError::Failed(_)) | ObjectError::NotThere => {
            RemoteError::failed("its settings in the environment cannot be used")
        }
        ObjectError::Store(other) => other,
        other => RemoteError::failed(&other.to_string()),
    }
}

/// What passes is tried again for a while, with pauses that grow and differ.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(4),
            base: 2.0,
        },
        max_retries: 8,
        retry_timeout: Duration::from_secs(25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_folders_and_taken_apart() {
        for (text, expected) in [
            ("s3://cubo", Some(("s3", "cubo", ""))),
            ("s3://cubo/", Some(("s3", "cubo", ""))),
            ("s3://cubo/a/b/", Some(("s3", "cubo", "a/b/"))),
            ("az://caja/vídeos", Some(("az", "caja", "vídeos/"))),
            ("gs://c.u_b-o", Some(("gs", "c.u_b-o", ""))),
            ("s3:///a", None),
            ("s3://cubo/../x", None),
            ("s3://cubo/a//b", None),
            ("s3://cu bo", None),
            ("s3://key:secret@cubo/a", None),
            ("http://cubo", None),
            ("s3://cubo/a\nb", None),
        ] {
            let parsed = parse(text).map(|place| (place.scheme, place.bucket, place.prefix));
            let expected =
                expected.map(|(scheme, bucket, prefix)| (scheme, bucket, prefix.to_owned()));
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_settings_is_known_before_anything_is_asked() {
        let open = |settings: &[(&str, &str)]| {
            let settings = settings.iter();
            let owned = settings.map(|(key, value)| (key.to_string(), value.to_string()));
            Objects::open_with("s3://cubo/a", owned).map(|objects| objects.shown().to_owned())
        };
        let endpoint = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000");
        let allow = ("AWS_ALLOW_HTTP", "true");
        let key = ("AWS_ACCESS_KEY_ID", "quien");
        let secret = ("AWS_SECRET_ACCESS_KEY", "secreto");
        assert_eq!(open(&[endpoint, key, secret]), Err(RemoteError::PlainHttp));
        assert_eq!(open(&[endpoint, allow]), Err(RemoteError::Credentials));
        assert_eq!(open(&[endpoint, allow, key]), Err(RemoteError::Credentials));
        let all = [endpoint, allow, key, secret];
        assert_eq!(open(&all).as_deref(), Ok("s3://cubo/a"));
        let azure = Objects::open_with("az://caja", []);
        assert_eq!(azure.unwrap_err(), RemoteError::Credentials);
    }

    #[test]
    fn a_store_in_memory_is_one_by_its_name_and_shows_no_more_than_its_address() {
        let store = Objects::open("memory://shown-as/a/b/").unwrap();
        assert_eq!(store.shown(), "memory://shown-as/a/b");
        assert_eq!(format!("{store:?}"), "Objects(\"memory://shown-as/a/b\")");
        assert_eq!(Objects::open("ftp://x").unwrap_err(), RemoteError::Address);
    }
}
