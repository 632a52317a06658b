//! Work that may wait, for the disk or for a lock that another process has, away from the thread that answers.
//!
//! Few places, and a limit to how long somebody waits for one: however many requests get stuck, threads and memory do
//! not run out, and pages are read by threads that such work never takes.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header;
use tokio::sync::Semaphore;

use super::reply::Failure;

/// How many pieces of work run at a time. The runtime has that many threads besides those that read files.
pub(super) const PLACES: usize = 4;
/// How long somebody waits for a place and for the work together. What has begun goes on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where such work is done.
#[derive(Debug)]
pub(super) struct Aside {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Aside {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), patience: PATIENCE }
    }
}

impl Aside {
    /// Does the work, or says that it takes too long.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let run = async {
            let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| busy())?;
            let work = move || {
                let result = work();
                drop(place);
                result
            };
            tokio::task::spawn_blocking(work).await.map_err(|_| {
                let message = "the server failed";
                Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
            })
        };
        tokio::time::timeout(self.patience, run).await.unwrap_or_else(|_| Err(busy()))
    }
}

fn busy() -> Failure {
    let message = "another process has had what this needs for too long; please try again";
    let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", message);
    failure.header(header::RETRY_AFTER, "5")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn who_finds_all_places_taken_is_told_so_and_the_next_one_is_served() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let aside = Arc::new(Aside { patience: Duration::from_millis(50), ..Aside::default() });
        let (go, wait) = channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        runtime.block_on(async {
            let stuck: Vec<_> = (0..500)
                .map(|_| {
                    let (aside, wait) = (Arc::clone(&aside), Arc::clone(&wait));
                    let work = move || drop(wait.lock().map(|wait| wait.recv()));
                    tokio::spawn(async move { aside.run(work).await })
                })
                .collect();
            for one in stuck {
                let failure = one.await.unwrap().unwrap_err();
                assert_eq!((failure.status, failure.code), (StatusCode::SERVICE_UNAVAILABLE, "BUSY"));
                assert_eq!(failure.headers.len(), 1);
            }
            assert_eq!(aside.places.available_permits(), 0);
            // Those that had begun come to their end, and only those.
            drop(go);
            while aside.places.available_permits() < PLACES {
                tokio::task::yield_now().await;
            }
            assert_eq!(aside.run(|| 7).await, Ok(7));
        });
    }
}
