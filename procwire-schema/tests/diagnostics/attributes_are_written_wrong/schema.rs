#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    #[timeout(10)]
    #[idempotent(true)]
    async fn open(&self, #[default] a: u32, #[range("1-5")] b: u32, #[keep(latest)] c: u32) -> String;
    #[cancellable]
    #[codec("json")]
    async fn close(&self, #[default(max())] a: u32, #[payload] b: Bytes) -> String;
    #[event]
    #[keep(newest)]
    #[timeout("3s")]
    fn progress(done: u32);
    #[cfg(feature = "more")]
    #[timeout("1s")]
    #[timeout("2s")]
    async fn more(&self) -> String;
}
