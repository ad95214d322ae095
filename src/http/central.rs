//! The routes of a central. It has no bytes of files: it says who has them.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header, request::Parts},
    middleware::from_fn_with_state,
    routing::get,
};

use super::{
    answers::{
        SAVED, asker, counts, healthy, is_saved, named, not_allowed, nothing, told, told_more,
    },
    api,
    auth::Administration,
    body::Fed,
    catalogue::{Query, neighbours},
    fields::{plain, typed},
    info, lists,
    metrics::Figures,
    names::{self, Placing},
    operator::Operator,
    pages::{self, Orders},
    problem::Problem,
    shared::Central,
    standby::turn_away,
    subtitles,
    writes::administers,
};
use crate::{
    model::FileName,
    node::central::{CentralDoor, Offer, Unanswered},
    store::sha256 as sha256_of,
};

pub(super) fn router(
    door: CentralDoor,
    administration: Administration,
    most_viewers: usize,
    operator: Option<Operator>,
) -> Router {
    let central = Central::new(door, administration, most_viewers, operator);
    let router = api::mounted(Router::new(), api::of_central());
    #[cfg(feature = "grpc")]
    let router = super::grpc::mounted(router);
    router
        .route(names::BY_NAME, get(by_name))
        .route(names::BY_CONTENT, get(by_content))
        .route("/", get(page))
        .route("/p/{*name}", get(file_page))
        .route("/static/{file}", get(asset))
        .route("/ver/{*name}", get(watch))
        .route("/vtt/{*name}", get(subtitles_of))
        .route("/meta4/{*name}", get(metalink))
        .route("/sha256/{*name}", get(sha256))
        .route("/m3u/{*name}", get(playlist))
        .route("/info", get(info::answer))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(not_allowed)
        .fallback(nothing)
        .layer(from_fn_with_state(central.clone(), turn_away))
        .with_state(central)
}

async fn by_name(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = names::named(request.uri.path()).ok_or(Problem::NotFound)?;
        let offer = central.offer(name).await?;
        redirect(&central, &request, &offer)
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn by_content(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let found = names::content(request.uri.path());
        let (id, name) = found.ok_or(Problem::NotFound)?;
        let offer = central.offer(name).await?;
        if offer.0.id != id {
            return Err(Problem::Replaced);
        }
        redirect(&central, &request, &offer)
    };
    let answer = answer.await;
    told(&request, answer)
}

fn redirect(central: &Central, request: &Parts, offer: &Offer) -> Result<Response<Body>, Problem> {
    let holder = central.choose(&offer.1).ok_or(Problem::NotReady)?;
    let asker = asker(request)?;
    let mut location = central.at_holder(asker, offer, &holder);
    if is_saved(request) {
        location.push(if location.contains('?') { '&' } else { '?' });
        location.push_str(SAVED);
    }
    // For those who do not follow: what to say to curl.
    let mut response = Response::new(Body::from(format!("curl -L {location}\n")));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    plain(response.headers_mut());
    let location = HeaderValue::try_from(location).map_err(|_| Problem::NotFound)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Through this node. Whoever can take it from several servers is told which.
async fn watch(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = named(&request, "/ver/", "")?;
        let mut response = central.watching.answer(&request, name.clone()).await?;
        let has_body = response.extensions().get::<Fed>().is_some();
        if has_body && let Ok(asker) = asker(&request) {
            // Every reader counts once, whatever its player asks for.
            let reader = asker.ip.to_string();
            let _ = central.door.played(name.clone(), reader).await;
        }
        if request.headers.contains_key("want-digest") && response.status().is_success() {
            let offer = central.offer(name).await?;
            link_to_others(&central, &request, &offer, response.headers_mut())?;
        }
        Ok(response)
    };
    let answer = answer.await;
    told(&request, answer)
}

/// Where the same content is, and what describes it (RFC 6249). One in each field, as aria2 reads no more.
fn link_to_others(
    central: &Central,
    request: &Parts,
    offer: &Offer,
    headers: &mut HeaderMap,
) -> Result<(), Problem> {
    let asker = asker(request)?;
    let duplicates = offer.1.iter().map(|holder| {
        let address = central.at_holder(asker, offer, holder);
        format!("<{address}>; rel=duplicate; pri=1")
    });
    let path = format!("/meta4/{}.meta4", names::to_path(&offer.0.name));
    let described = asker.address(&path);
    let described = format!("<{described}>; rel=describedby; type=\"application/metalink4+xml\"");
    for link in duplicates.chain([described]) {
        let link = HeaderValue::try_from(link).map_err(|_| Problem::NotFound)?;
        headers.append(header::LINK, link);
    }
    Ok(())
}

async fn subtitles_of(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = named(&request, "/vtt/", "")?;
        let text = central.watching.subtitles(name).await?;
        let mut response = Response::new(Body::from(text));
        typed(response.headers_mut(), "text/vtt; charset=utf-8");
        Ok(response)
    };
    let answer = answer.await;
    told(&request, answer)
}

/// A list that is true now, to be saved under a name.
fn list(text: String, mime: &'static str, name: &FileName, ending: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    typed(headers, mime);
    let file = format!("{}{ending}", names::last_component(name));
    let disposition = names::disposition(Placing::Attachment, &file);
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

async fn metalink(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = named(&request, "/meta4/", ".meta4")?;
        let offer = central.offer(name).await?;
        let manifest = central.door.manifest(&offer).await;
        let manifest = manifest.ok_or(Problem::NotReady)?;
        let asker = asker(&request)?;
        let holders = offer.1.iter();
        let addresses = holders.map(|holder| central.at_holder(asker, &offer, holder));
        let addresses: Vec<String> = addresses.collect();
        let text = lists::metalink(&offer.0.name, &manifest, &addresses);
        let tag = format!("\"{}\"", sha256_of(text.as_bytes()));
        let is_known = request.headers.get_all(header::IF_NONE_MATCH).iter();
        let is_known = is_known.filter_map(|field| field.to_str().ok());
        let is_known = is_known.flat_map(|field| field.split(','));
        let is_known = is_known.map(str::trim).any(|known| known == tag);
        let mime = "application/metalink4+xml";
        let mut response = list(text, mime, &offer.0.name, ".meta4");
        if is_known {
            response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        // Who holds the file changes.
        let ask_again = HeaderValue::from_static("no-cache");
        headers.insert(header::CACHE_CONTROL, ask_again);
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        Ok(response)
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn sha256(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = named(&request, "/sha256/", ".sha256")?;
        let offer = central.offer(name).await?;
        let manifest = central.door.manifest(&offer).await;
        let text = lists::sha256(&offer.0.name, &*manifest.ok_or(Problem::NotReady)?);
        let mime = "text/plain; charset=utf-8";
        Ok(list(text, mime, &offer.0.name, ".sha256"))
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn playlist(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let path = request.uri.path().strip_prefix("/m3u/").unwrap_or("");
        if let Some(folder) = path.strip_suffix('/') {
            return folder_list(&central, &request, folder).await;
        }
        let name = named(&request, "/m3u/", ".m3u")?;
        let (file, _) = central.offer(name).await?;
        let address = asker(&request)?.address(&format!("/ver/{}", names::to_path(&file.name)));
        let text = lists::playlist(&[(file.name.clone(), address)]);
        Ok(list(text, "audio/x-mpegurl", &file.name, ".m3u"))
    };
    let answer = answer.await;
    told(&request, answer)
}

/// What can be played of a folder and of the folders in it.
async fn folder_list(
    central: &Central,
    request: &Parts,
    folder: &str,
) -> Result<Response<Body>, Problem> {
    let folder = names::of_path(folder).ok_or(Problem::NotFound)?;
    let all = central.door.catalogue().await?;
    let asker = asker(request)?;
    // Signatures of thousands of files take a while.
    let (asker, inside) = (asker.clone(), folder.clone());
    let made = tokio::task::spawn_blocking(move || {
        let names = all.files.iter().map(|listed| &listed.file.name);
        let playable = lists::playable(names, &inside).into_iter();
        let files = playable.map(|name| {
            let address = asker.address(&format!("/ver/{}", names::to_path(&name)));
            (name, address)
        });
        let files: Vec<(FileName, String)> = files.collect();
        (!files.is_empty()).then(|| lists::playlist(&files))
    });
    let text = made.await.map_err(|_| Problem::Stopping)?;
    let text = text.ok_or(Problem::NotFound)?;
    Ok(list(text, "audio/x-mpegurl", &folder, ".m3u"))
}

/// Downloads can begin.
async fn ready(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = match central.door.summary().await {
        Ok(summary) if summary.status.ready => Ok(healthy().await),
        Ok(_) => Err(Problem::NotReady.into()),
        Err(why) => Err(why.into()),
    };
    told_more(&request, answer)
}

async fn metrics(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let counts = counts(&request).ok_or(Problem::Stopping)?;
        let own = central.door.own().await?;
        let info = central.door.info().await.map_err(|_| Problem::Stopping)?;
        let figures = match central.door.summary().await {
            Ok(look) => Figures::of_central(&look, &counts)
                .counting(&info.queue, info.figures)
                .watched(central.watching.figures()),
            Err(Unanswered::Standby(_)) => Figures::on_standby(&own, &counts),
            Err(why) => return Err(why.into()),
        };
        figures.standing(&own).answer(&request.headers)
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn page(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let query = Query::of(request.uri.query());
        let asker = asker(&request)?;
        let tongue = asker.tongue.chosen(query.language.as_deref());
        let present = central.door.present().await?;
        let all = central.door.catalogue().await?;
        let popular = central
            .door
            .popular()
            .await
            .map_err(|_| Problem::Stopping)?;
        let orders = orders(administers(central.administration, asker));
        let searched = Arc::clone(&central.searched);
        // A look at all names takes a while.
        let made = tokio::task::spawn_blocking(move || {
            let view = searched.select_of(&all, &query, popular);
            pages::front(&view, &query, &present, orders, tongue)
        });
        made.await.map_err(|_| Problem::Stopping)
    };
    let answer = answer.await;
    told(&request, answer)
}

/// What a page may say of orders.
fn orders(administers: Result<(), Problem>) -> Orders {
    match administers {
        Err(Problem::AdminOff) => Orders::Off,
        Err(Problem::AdminInClear) => Orders::InClear,
        _ => Orders::Possible,
    }
}

async fn file_page(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = named(&request, "/p/", "")?;
        let asker = asker(&request)?;
        let query = Query::of(request.uri.query());
        let tongue = asker.tongue.chosen(query.language.as_deref());
        let offer = central.offer(name).await?;
        let manifest = central.door.manifest(&offer).await;
        let all = central.door.catalogue().await?;
        let neighbours = neighbours(&all.files, &offer.0.name);
        let whole = manifest.map(|manifest| manifest.whole());
        let names = all.files.iter().map(|listed| &listed.file.name);
        let subtitles = subtitles::of(offer.0.name.as_str(), names);
        let beside = (&neighbours, &subtitles[..]);
        let by = (asker, tongue);
        Ok(pages::file(&offer, whole, beside, &query, by))
    };
    let answer = answer.await;
    told(&request, answer)
}

/// What pages are made with, under names that change with it.
async fn asset(request: Parts) -> Response<Body> {
    let asset = pages::asset(request.uri.path()).ok_or(Problem::NotFound);
    let answer = asset.map(|(mime, content)| {
        let mut response = Response::new(Body::from(content));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
        let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, kept);
        response
    });
    told(&request, answer)
}
