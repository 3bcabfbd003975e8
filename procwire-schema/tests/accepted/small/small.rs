use procwire::module;

#[module(name = "small", version = "1.0.0")]
#[spawn(command = ["worker"], restart(max = 0), heartbeat(every = "2s"), limits(payload = 4096))]
trait Whatever {
    async fn ping(&self) -> bool;
}
