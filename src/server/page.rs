//! One page for a monitor, at `/metrics` of a port of its own. It needs no signature: whoever reaches the port reads it.

use super::connections::Connections;
use super::serve::{Shutdown, accept_loop};
use axum::Router;
use axum::body::Body;
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpListener;

/// How many connections there are at a time: monitors are few.
const CONNECTIONS: usize = 32;

/// Where it is.
const PATH: &str = "/metrics";

/// What the page says, or why there is none now.
type Told = Result<Arc<str>, String>;

/// Writes the page anew each time that it is asked for.
pub type Page = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Told> + Send>> + Send + Sync>;

/// Serves a page of this media type until a stop is asked for.
pub async fn serve_page(listener: TcpListener, media_type: &'static str, page: Page, shutdown: Shutdown) {
    let router = Router::new().fallback(move |request: Request<Body>| {
        let (page, parts) = (Arc::clone(&page), request.into_parts().0);
        async move { answer(&parts, media_type, &page).await }
    });
    accept_loop(listener, router, shutdown, Connections::new(CONNECTIONS)).await;
}

async fn answer(request: &Parts, media_type: &'static str, page: &Page) -> Response<Body> {
    if request.uri.path() != PATH {
        return said(StatusCode::NOT_FOUND, format!("There is nothing here but {PATH}\n"));
    }
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let refused = said(StatusCode::METHOD_NOT_ALLOWED, "It can only be read\n".to_owned());
        return with(refused, ALLOW, "GET, HEAD");
    }
    match page().await {
        Ok(text) => with(said(StatusCode::OK, text.to_string()), CONTENT_TYPE, media_type),
        Err(why) => said(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

fn said(status: StatusCode, text: String) -> Response<Body> {
    let mut response = with(Response::new(Body::from(text)), CONTENT_TYPE, "text/plain; charset=utf-8");
    *response.status_mut() = status;
    response
}

fn with(mut response: Response<Body>, name: HeaderName, value: &'static str) -> Response<Body> {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(method: &str, path: &str, told: Told) -> (u16, String) {
        let page: Page = Arc::new(move || {
            let told = told.clone();
            Box::pin(async move { told })
        });
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = answer(&request.into_parts().0, "application/x", &page).await;
        (response.status().as_u16(), response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn there_is_one_page_and_it_can_only_be_read() {
        let told: Told = Ok("text".into());
        assert_eq!(asked("GET", "/metrics", told.clone()).await, (200, "application/x".to_owned()));
        assert_eq!(asked("HEAD", "/metrics", told.clone()).await.0, 200);
        assert_eq!(asked("POST", "/metrics", told.clone()).await.0, 405);
        assert_eq!(asked("GET", "/", told.clone()).await.0, 404);
        assert_eq!(asked("GET", "/_vaultdeck/health", told).await.0, 404);
        assert_eq!(asked("GET", "/metrics", Err("not yet".to_owned())).await.0, 503);
    }
}
