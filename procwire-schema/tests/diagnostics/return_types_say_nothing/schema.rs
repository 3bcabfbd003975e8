#[derive(procwire::Type)]
pub enum Failure {
    Broken {},
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn nothing(&self);
    async fn unit(&self) -> Result<(), Failure>;
    async fn alias(&self) -> Result<String>;
    async fn inside(&self) -> Result<Answers<String>, Failure>;
    #[event]
    fn progress(done: u32) -> bool;
}
