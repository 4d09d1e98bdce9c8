package shop;

class HeirTest extends BaseTest {}
