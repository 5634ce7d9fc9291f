//! Layers made of async functions.
//!
//! What is inside a layer is behind a pointer: the type of ten services in one another takes the compiler minutes and gigabytes.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower::{Layer, Service, ServiceExt};
use warp::reply::Response;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The rest of the stack, which answers requests with a body of type `B`.
pub(super) struct Next<B>(Arc<dyn Fn(Request<B>) -> BoxFuture<Response> + Send + Sync>);

impl<B> Clone for Next<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> Next<B> {
    /// Has the rest of the stack answer.
    pub(super) fn run(&self, request: Request<B>) -> BoxFuture<Response> {
        (self.0)(request)
    }
}

/// Makes a layer of `function(state, request, next)`, which answers itself or by `next.run(request)`.
pub(super) fn from_fn<T, F, In, Out, Answer>(state: T, function: F) -> FromFn<T, F, Out>
where
    F: Fn(T, Request<In>, Next<Out>) -> Answer,
{
    FromFn { state, function, next: PhantomData }
}

/// A layer made of an async function.
pub(super) struct FromFn<T, F, Out> {
    state: T,
    function: F,
    next: PhantomData<fn(Out)>,
}

impl<S, T: Clone, F: Clone, Out> Layer<S> for FromFn<T, F, Out>
where
    S: Service<Request<Out>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static,
    Out: Send + 'static,
{
    type Service = FromFnService<T, F, Out>;

    fn layer(&self, inner: S) -> Self::Service {
        let answer = move |request| -> BoxFuture<Response> {
            let inner = inner.clone();
            Box::pin(async {
                let Ok(response) = inner.oneshot(request).await;
                response
            })
        };
        FromFnService { state: self.state.clone(), function: self.function.clone(), next: Next(Arc::new(answer)) }
    }
}

/// The service of a [`FromFn`].
pub(super) struct FromFnService<T, F, Out> {
    state: T,
    function: F,
    next: Next<Out>,
}

impl<T: Clone, F: Clone, Out> Clone for FromFnService<T, F, Out> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), function: self.function.clone(), next: self.next.clone() }
    }
}

impl<T, F, In, Out, Answer> Service<Request<In>> for FromFnService<T, F, Out>
where
    T: Clone,
    F: Fn(T, Request<In>, Next<Out>) -> Answer,
    Answer: Future<Output = Response> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let answer = (self.function)(self.state.clone(), request, self.next.clone());
        Box::pin(async { Ok(answer.await) })
    }
}
