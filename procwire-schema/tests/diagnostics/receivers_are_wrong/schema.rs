#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open() -> String;
    async fn close(&mut self) -> String;
    #[event]
    fn progress(&self, done: u32);
}
