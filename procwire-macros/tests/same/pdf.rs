//! The module of `pdf.toml`, as a trait.

/// Handle to an open document.
#[derive(procwire::Type)]
pub struct DocumentId(#[pattern("^doc_[0-9a-f]{16}$")] String);

#[derive(procwire::Type)]
pub enum LogLevel {
    Debug,
    Info,
}

#[derive(procwire::Type)]
pub enum ImageFormat {
    /// Lossless; large.
    Png,
    Webp,
    #[unknown]
    Unknown(String),
}

#[derive(procwire::Type)]
pub struct Document {
    pub id: DocumentId,
    pub pages: Int,
    pub title: Option<String>,
    pub modified: Option<SystemTime>,
    #[default({})]
    pub labels: BTreeMap<String, String>,
    #[default([])]
    pub outline: Vec<Outline>,
    #[deprecated = "use labels.author"]
    pub author: Option<String>,
}

#[derive(procwire::Type)]
pub struct Outline {
    #[len(1..=500)]
    pub title: String,
    pub page: u32,
    #[default(LogLevel::Info)]
    pub level: LogLevel,
    #[default([])]
    pub children: Vec<Outline>,
    pub next: Option<Box<Outline>>,
}

#[derive(procwire::Type)]
pub struct Page {
    pub size: (u32, u32),
    pub format: ImageFormat,
    pub image: Bytes,
    pub took: Duration,
    pub cost: Decimal,
    pub id: Uuid,
    pub extra: Value,
}

#[derive(procwire::Type)]
pub enum Block {
    Text {
        content: String,
        #[range(0.0..=1.0)]
        ratio: f32,
    },
    Page(Page),
    Rule,
    #[unknown]
    Unknown(RawValue),
}

#[derive(procwire::Type)]
pub enum PdfError {
    NotFound { path: String },
    Encrypted { hint: Option<String> },
}

/// Opens, renders and searches PDF files.
#[procwire::module(version = "1.4.0", timeout = "30s")]
#[spawn(
    command = ["python", "-m", "pdf_worker"],
    ready = "20s",
    restart(max = 5, within = "1m", backoff = "200ms..10s")
)]
pub trait Pdf {
    /// Opens a file.
    async fn open(&self, path: String, password: Option<String>) -> Result<Document, PdfError>;

    #[timeout("10s")]
    #[idempotent]
    async fn render(
        &self,
        document: DocumentId,
        /// Zero-based.
        page: u32,
        #[default(150)]
        #[range(36..=1200)]
        dpi: u32,
        #[default(ImageFormat::Png)] format: ImageFormat,
    ) -> Result<Page, PdfError>;

    #[timeout("15s")]
    fn blocks(&self, document: DocumentId) -> Answers<Block, PdfError>;

    #[cancellable(false)]
    async fn index(&self, document: DocumentId) -> Result<Ack, PdfError>;

    #[deprecated = "nobody needs it"]
    async fn reserve(&self) -> Ack<Page>;

    async fn page_count(&self) -> Int;

    #[timeout("2m")]
    async fn concat(&self, #[payload] payload: Bytes) -> Bytes;

    async fn set_log_level(&self, level: LogLevel) -> Oneway;

    #[event]
    #[keep(latest)]
    fn progress(document: DocumentId, done: u32);

    #[event]
    fn seen(#[payload] payload: Block);
}
