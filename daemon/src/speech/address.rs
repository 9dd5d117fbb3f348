//! Where speech-dispatcher listens, and how to start it when it does not.

use std::{
    env,
    ffi::OsString,
    fmt,
    io::{self, ErrorKind},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::{Instant, sleep, timeout},
};

use super::VoiceError;

/// The port that speech-dispatcher uses when it is told to use one.
const DEFAULT_PORT: u16 = 6560;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// How long speech-dispatcher may take to start: a slow board has more to do after power-on.
const SPAWN_LIMIT: Duration = Duration::from_secs(15);

/// Where speech-dispatcher listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket of which nobody said where it is: the usual one, started when nothing listens.
    Usual(PathBuf),
    /// A socket that the environment names. Whoever named it starts what listens there.
    Unix(PathBuf),
    /// A host and a port that the environment names.
    Inet(String, u16),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual(path) | Self::Unix(path) => write!(formatter, "{}", path.display()),
            Self::Inet(host, port) => write!(formatter, "{host}:{port}"),
        }
    }
}

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Address {
    /// The address that `SPEECHD_ADDRESS` names, else the usual socket in `XDG_RUNTIME_DIR`, or in the folder of caches
    /// where nobody has logged in and there is none.
    pub fn from_environment() -> Result<Self, VoiceError> {
        let runtime = runtime_folder(&|name| env::var_os(name));
        Self::new(env::var("SPEECHD_ADDRESS").ok().as_deref(), runtime)
    }

    fn new(address: Option<&str>, runtime_directory: Option<PathBuf>) -> Result<Self, VoiceError> {
        // Where there is no home either, the name shows what was missing.
        let runtime = runtime_directory.unwrap_or_else(|| PathBuf::from("/run/user/unknown"));
        let usual = runtime.join("speech-dispatcher/speechd.sock");
        let Some(address) = address.filter(|address| !address.is_empty()) else {
            return Ok(Self::Usual(usual));
        };
        let malformed = || VoiceError::Address(address.to_owned());
        let mut parts = address.splitn(2, ':');
        match (parts.next(), parts.next()) {
            (Some("unix_socket"), None) => Ok(Self::Unix(usual)),
            (Some("unix_socket"), Some(path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            (Some("inet_socket"), None) => Ok(Self::Inet("localhost".to_owned(), DEFAULT_PORT)),
            (Some("inet_socket"), Some(rest)) => {
                let (host, port) =
                    rest.rsplit_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
                let port = port.map_or(Ok(DEFAULT_PORT), str::parse).map_err(|_| malformed())?;
                if host.is_empty() { Err(malformed()) } else { Ok(Self::Inet(host.to_owned(), port)) }
            }
            _ => Err(malformed()),
        }
    }

    /// Connects; at the usual address speech-dispatcher is started first when nothing listens.
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, VoiceError> {
        let first = match self.try_connect().await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        if let Self::Usual(_) = self
            && matches!(first.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
        {
            return self.spawn_and_connect(&first).await;
        }
        Err(self.not_reachable(&first.to_string()))
    }

    async fn try_connect(&self) -> io::Result<Box<dyn Stream>> {
        let connecting = async {
            Ok::<Box<dyn Stream>, io::Error>(match self {
                Self::Usual(path) | Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Self::Inet(host, port) => Box::new(TcpStream::connect((host.as_str(), *port)).await?),
            })
        };
        timeout(CONNECT_LIMIT, connecting).await.map_err(|_| io::Error::from(ErrorKind::TimedOut))?
    }

    /// `--spawn` puts it into the background, or ends at once where the configuration forbids it.
    async fn spawn_and_connect(&self, first: &io::Error) -> Result<Box<dyn Stream>, VoiceError> {
        let spawned = tokio::task::spawn_blocking(|| {
            let mut command = Command::new("speech-dispatcher");
            command.arg("--spawn").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status()
        });
        let reason = match timeout(SPAWN_LIMIT, spawned).await {
            Ok(Ok(Ok(status))) if status.success() => {
                let end = Instant::now() + SPAWN_LIMIT;
                loop {
                    match self.try_connect().await {
                        Ok(stream) => return Ok(stream),
                        Err(error) if Instant::now() > end => break error.to_string(),
                        Err(_) => sleep(Duration::from_millis(50)).await,
                    }
                }
            }
            Ok(Ok(Ok(status))) => format!("it could not be started: {status}"),
            Ok(Ok(Err(error))) if error.kind() == ErrorKind::NotFound => "it is not installed".to_owned(),
            Ok(Ok(Err(error))) => format!("it could not be started: {error}"),
            Ok(Err(_)) => first.to_string(),
            Err(_) => "it did not start in time".to_owned(),
        };
        Err(self.not_reachable(&reason))
    }

    fn not_reachable(&self, reason: &str) -> VoiceError {
        VoiceError::NotReachable { address: self.to_string(), reason: reason.to_owned() }
    }
}

/// The folder in which speech-dispatcher makes its own, as `GLib` chooses it for `g_get_user_runtime_dir`.
fn runtime_folder(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("XDG_RUNTIME_DIR")
        .or_else(|| folder("XDG_CACHE_HOME"))
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_socket_is_where_speech_dispatcher_makes_it() {
        let all = [("XDG_RUNTIME_DIR", "/run/user/7"), ("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/a")];
        for (set, expected) in [
            (&all[..], Some("/run/user/7")),
            (&all[1..], Some("/cache")),
            (&all[2..], Some("/home/a/.cache")),
            (&[("XDG_RUNTIME_DIR", ""), ("HOME", "/b")], Some("/b/.cache")),
            (&[], None),
        ] {
            let variable =
                |name: &str| set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).into());
            assert_eq!(runtime_folder(&variable), expected.map(PathBuf::from), "{set:?}");
        }
    }

    #[test]
    fn addresses_are_read_as_libspeechd_reads_them() {
        let runtime = Some(PathBuf::from("/run/user/7"));
        let usual = PathBuf::from("/run/user/7/speech-dispatcher/speechd.sock");
        for (address, expected) in [
            (None, Address::Usual(usual.clone())),
            (Some(""), Address::Usual(usual.clone())),
            (Some("unix_socket"), Address::Unix(usual.clone())),
            (Some("unix_socket:/a:b/c"), Address::Unix("/a:b/c".into())),
            (Some("inet_socket"), Address::Inet("localhost".into(), 6560)),
            (Some("inet_socket:example"), Address::Inet("example".into(), 6560)),
            (Some("inet_socket:::1:99"), Address::Inet("::1".into(), 99)),
        ] {
            assert_eq!(Address::new(address, runtime.clone()).unwrap(), expected, "{address:?}");
        }
        for address in ["nonsense", "unix_socket:", "inet_socket:", "inet_socket:a:b", "inet_socket:a:70000"]
        {
            assert_eq!(
                Address::new(Some(address), runtime.clone()),
                Err(VoiceError::Address(address.to_owned())),
                "{address}"
            );
        }
    }
}
