"""Each language: what is defined where, and the right file first for an issue that names nothing by path."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.context.index import Indexer
from bot.git.changes import NO_CHANGES
from tests.context.repository import BareRepository


@dataclass(frozen=True)
class Sample:
    path: str
    code: str
    defined: tuple[tuple[str, str, int, int], ...]
    other: tuple[str, str]
    test: str


SAMPLES = {
    "python": Sample(
        "shop/invoice.py",
        'class Invoice:\n    """What a customer owes."""\n\n    def add_discount(self, percent):\n'
        "        return self.total * percent\n\n\ndef render():\n    pass\n",
        (("class", "Invoice", 1, 5), ("method", "Invoice.add_discount", 4, 5), ("function", "render", 8, 9)),
        ("shop/mail.py", "def send_mail(address):\n    return address\n"),
        "tests/test_invoice.py",
    ),
    "javascript": Sample(
        "src/invoice.js",
        "import { mail } from './mail.js';\n\nexport class Invoice {\n  addDiscount(percent) {\n    return percent;\n"
        "  }\n}\nexport const render = (x) => {\n  return x;\n};\n",
        (("class", "Invoice", 3, 7), ("method", "Invoice.addDiscount", 4, 6), ("function", "render", 8, 10)),
        ("src/mail.js", "export function sendMail(address) {\n  return address;\n}\n"),
        "test/invoice.test.js",
    ),
    "typescript": Sample(
        "src/invoice.ts",
        "export interface Line { price: number }\n\nexport class Invoice {\n  addDiscount(percent: number): number {\n"
        "    return percent;\n  }\n}\n",
        (("interface", "Line", 1, 1), ("class", "Invoice", 3, 7), ("method", "Invoice.addDiscount", 4, 6)),
        ("src/mail.ts", "export function sendMail(address: string) {\n  return address;\n}\n"),
        "src/invoice.spec.ts",
    ),
    "go": Sample(
        "shop/invoice.go",
        "package shop\n\n// Invoice is what a customer owes.\ntype Invoice struct {\n\tTotal int\n}\n\n"
        "func (i *Invoice) AddDiscount(percent int) int {\n\treturn i.Total * percent\n}\n",
        (("type", "Invoice", 4, 6), ("method", "Invoice.AddDiscount", 8, 10)),
        ("shop/mail.go", "package shop\n\nfunc SendMail(address string) string {\n\treturn address\n}\n"),
        "shop/invoice_test.go",
    ),
    "rust": Sample(
        "src/invoice.rs",
        "/// What a customer owes.\npub struct Invoice {\n    total: u32,\n}\n\nimpl Invoice {\n"
        "    pub fn add_discount(&self, percent: u32) -> u32 {\n        self.total * percent\n    }\n}\n",
        (("struct", "Invoice", 2, 4), ("impl", "Invoice", 6, 10), ("method", "Invoice.add_discount", 7, 9)),
        ("src/mail.rs", "pub fn send_mail(address: &str) -> &str {\n    address\n}\n"),
        "tests/invoice.rs",
    ),
    "java": Sample(
        "src/main/java/shop/Invoice.java",
        "package shop;\n\npublic class Invoice {\n    public int addDiscount(int percent) {\n        return percent;\n"
        "    }\n}\n",
        (("class", "Invoice", 3, 7), ("method", "Invoice.addDiscount", 4, 6)),
        ("src/main/java/shop/Mail.java", "package shop;\n\nclass Mail {\n    void sendMail() {\n    }\n}\n"),
        "src/test/java/shop/InvoiceTest.java",
    ),
    "c": Sample(
        "src/invoice.c",
        '#include "mail.h"\n\n/* What a customer owes. */\nstatic int *add_discount(int percent)\n{\n    return 0;\n}\n'
        "#define RATE(x) (x)\n",
        (("function", "add_discount", 4, 7), ("macro", "RATE", 8, 8)),
        ("src/mail.c", "int send_mail(const char *address)\n{\n    return 0;\n}\n"),
        "tests/test_invoice.c",
    ),
    "cpp": Sample(
        "src/invoice.cpp",
        "namespace shop {\nclass Invoice {\n  int rate() { return 1; }\n};\n}\n\n"
        "int Invoice::add_discount(int percent) {\n  return percent;\n}\n",
        (
            ("module", "shop", 1, 5),
            ("class", "shop.Invoice", 2, 4),
            ("method", "Invoice.rate", 3, 3),
            ("method", "Invoice.add_discount", 7, 9),
        ),
        ("src/mail.cpp", "int send_mail(const char *address) {\n  return 0;\n}\n"),
        "tests/invoice_test.cpp",
    ),
    "csharp": Sample(
        "Shop/Invoice.cs",
        "namespace Shop {\n  public class Invoice {\n    public int AddDiscount(int percent) {\n      return percent;\n"
        "    }\n  }\n}\n",
        (("class", "Invoice", 2, 6), ("method", "Invoice.AddDiscount", 3, 5)),
        ("Shop/Mail.cs", "namespace Shop {\n  class Mail {\n    void SendMail() { }\n  }\n}\n"),
        "Shop.Tests/InvoiceTests.cs",
    ),
    "ruby": Sample(
        "lib/invoice.rb",
        "# What a customer owes.\nclass Invoice\n  def add_discount(percent)\n    percent\n  end\n\n  def self.render\n"
        "  end\nend\n",
        (("class", "Invoice", 2, 9), ("method", "Invoice.add_discount", 3, 5), ("method", "Invoice.render", 7, 8)),
        ("lib/mail.rb", "def send_mail(address)\n  address\nend\n"),
        "spec/invoice_spec.rb",
    ),
    "php": Sample(
        "src/Invoice.php",
        "<?php\nclass Invoice {\n    public function addDiscount($percent) {\n        return $percent;\n    }\n}\n",
        (("class", "Invoice", 2, 6), ("method", "Invoice.addDiscount", 3, 5)),
        ("src/Mail.php", "<?php\nfunction sendMail($address) {\n    return $address;\n}\n"),
        "tests/InvoiceTest.php",
    ),
    "kotlin": Sample(
        "src/main/kotlin/Invoice.kt",
        "/** What a customer owes. */\nclass Invoice(val total: Int) {\n    fun addDiscount(percent: Int): Int {\n"
        "        return total * percent\n    }\n}\n",
        (("class", "Invoice", 2, 6), ("method", "Invoice.addDiscount", 3, 5)),
        ("src/main/kotlin/Mail.kt", "fun sendMail(address: String): String {\n    return address\n}\n"),
        "src/test/kotlin/InvoiceTest.kt",
    ),
}


@pytest.mark.parametrize("language", SAMPLES)
async def test_code_is_understood_and_found(language: str, tmp_path: Path) -> None:
    sample = SAMPLES[language]
    repository = BareRepository(tmp_path / "r.git")
    files = {sample.path: sample.code, sample.other[0]: sample.other[1], sample.test: f"// {sample.code}"}
    commit = repository.commit({**files, "README.md": "An invoice shop.\n"})
    async with Indexer(tmp_path / "cache") as indexer:
        index = await indexer.index(repository.git_dir, commit)
        definitions = index.record(sample.path).definitions
        found = tuple((one.kind, one.qualified, one.start, one.end) for one in definitions)
        assert found == sample.defined
        issue = "Adding a discount to an invoice is wrong\n\nA discount of 5 percent gives too much."
        ranking = await asyncio.to_thread(index.rank, issue, 3)
        assert ranking[0].path == sample.path
        assert ranking[0].reasons
        best = index.functions(issue, 1)[0]
        assert "iscount" in best.name
        assert index.find_tests(sample.path) == (sample.test,)
        name = best.name.rpartition(".")[2]
        lookup = index.with_changes(NO_CHANGES)
        answer = await asyncio.to_thread(lookup.definition, name)
        assert answer.startswith(f"{sample.path}:{best.start}-{best.end} ")
        assert f"{sample.path}:{best.start}: " in await asyncio.to_thread(lookup.references, name)
