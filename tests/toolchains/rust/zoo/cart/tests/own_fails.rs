fn main() {
    println!("the third case of mine is wrong");
    std::process::exit(1);
}
