procwire::include_schema!("there_is_no_such_schema.toml");
procwire::include_schema!(5);

fn main() {}
