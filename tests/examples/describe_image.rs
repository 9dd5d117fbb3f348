//! The client of the manual, to the letter: a test runs it, and holds the manual to it.

use std::{collections::HashMap, fs::File, os::fd::AsFd};
use zbus::zvariant::{Fd, OwnedValue, Value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = zbus::Connection::session().await?;
    let interface = "org.descry.Descry1.Manager";
    let descry = zbus::Proxy::new(&bus, "org.descry.Descry1", "/org/descry/Descry1", interface).await?;
    let picture = File::open("cat.jpg")?;
    let options = HashMap::from([("speak", Value::from(false))]);
    let description: HashMap<String, OwnedValue> =
        descry.call("DescribeImage", &(Fd::from(picture.as_fd()), options)).await?;
    println!("{:?}", description["text"]);
    Ok(())
}
