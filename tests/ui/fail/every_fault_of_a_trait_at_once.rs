#[procwire::module(version = "1.0", timout = "30s")]
pub trait Pdf {
    fn open(&self, path: String) -> u32;
    async fn close(&mut self, path: &str) -> u32;
    async fn count(&self, #[range(5..=1)] dpi: u32) -> usize;
    async fn nothing(&self);
    #[event]
    async fn progress(done: u32) -> u32;
    const X: u32;
}

struct Worker;

// The trait and the stub are there all the same, so that this is no error on top.
impl Pdf for Worker {
    fn open(&self, _: String) -> u32 {
        1
    }
    async fn close(&mut self, _: &str) -> u32 {
        1
    }
    async fn count(&self, _: u32) -> usize {
        1
    }
    async fn nothing(&self) {}
    const X: u32 = 1;
}

fn spawn() -> PdfClient {
    PdfClient::in_memory(Worker)
}

fn main() {}
