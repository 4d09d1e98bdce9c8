package shop;

public class Till {
    public static int total(int one, int two) {
        return Cart.add(one, two);
    }
}
