#[procwire::module(vresion = "1.0.0")]
#[spawn(command = "python", restart(max = "5"), heartbeat = 3, limit(in_flight = 1))]
pub trait Pdf {
    async fn open(&self) -> String;
}
