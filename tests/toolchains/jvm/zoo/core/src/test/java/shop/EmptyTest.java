package shop;

class EmptyTest {}
