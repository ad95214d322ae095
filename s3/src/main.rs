//! `trozos-s3 FOLDER KEY SECRET`: serves a folder by S3 on a free port of this machine, until its input ends. A folder in it is a
//! bucket. The first line that it writes is its port.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::{io::AsyncReadExt, net::TcpListener};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(folder), Some(key), Some(secret)) = (args.next(), args.next(), args.next()) else {
        return Err(io::Error::other("trozos-s3 FOLDER KEY SECRET"));
    };
    let files = FileSystem::new(PathBuf::from(folder))
        .map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(key, secret));
    let service = service.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut out = io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    let server = async {
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let service = service.clone();
            tokio::spawn(async move {
                let http = Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    };
    // Whoever started it has gone.
    let ends = async {
        let mut rest = Vec::new();
        tokio::io::stdin().read_to_end(&mut rest).await.map(drop)
    };
    tokio::select! {
        ended = server => ended,
        ended = ends => ended,
    }
}
