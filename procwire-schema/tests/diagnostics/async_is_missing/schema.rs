#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    fn open(&self) -> String;
    async fn blocks(&self) -> Answers<String>;
    #[event]
    async fn progress(done: u32);
}
