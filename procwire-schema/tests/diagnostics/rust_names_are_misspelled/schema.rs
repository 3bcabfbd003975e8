#[derive(procwire::Type)]
pub struct page_kind {
    index: u32,
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn openFile(&self, pathName: String, _hidden: u8, a: page_kind) -> String;
}
