import gzip
import json
from pathlib import Path

import pytest

from retrieval.errors import FeedError
from retrieval.feeds import Content, Feed, Format, check_mapping, find_feeds, open_feed
from retrieval.feeds.columns import INTERACTION_COLUMNS, ITEM_COLUMNS
from retrieval.feeds.formats import RawRow

SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,\
Image Src,Image Position,Variant Image,Status
tee,Cotton Tee,"<p>Soft,
light &amp; <b>fair</b></p>",Nova,Shirts,"cotton, summer",true,Colour,Red,Size,M,TEE-R-M,180,shopify,3,deny,19.90,https://s.example/1.jpg,1,https://s.example/red.jpg,active
tee,,,,,,,,Blue,,L,TEE-B-L,190,shopify,0,continue,21.90,,,,
tee,,,,,,,,,,,,,,,,,https://s.example/2.jpg,2,,
mug,Mug,,Nova,Cups,,true,Title,Default Title,,,,0,,,deny,9.90,https://s.example/m.jpg,1,,draft
"""
MERCHANT_XML = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>a1</g:id><title>Kettle &amp; Co</title><g:price>12.99 USD</g:price><g:sale_price>9.99 USD</g:sale_price>
<g:availability>in stock</g:availability><g:product_type>Home &gt; Kitchen</g:product_type>
<g:image_link>https://s.example/k.jpg</g:image_link><link>https://s.example/k</link><g:color>Red</g:color>
<g:product_detail>
<g:attribute_name>Capacity</g:attribute_name><g:attribute_value>1.7 l</g:attribute_value></g:product_detail>
<g:product_detail>
<g:attribute_name>Power</g:attribute_name><g:attribute_value>2 kW</g:attribute_value></g:product_detail>
</item><item><g:id>a2</g:id><title>Pan</title><g:price>5 EUR</g:price>
<g:availability>out of stock</g:availability></item>
</channel></rss>"""


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(feed: Feed) -> list[RawRow]:
    return list(feed.rows())


def test_the_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    contents = {
        Format.CSV: "id,title\n1,Lamp\n",
        Format.JSON_LINES: '{"id": 1, "title": "Lamp"}\n',
        Format.JSON_ARRAY: '[{"id": 1, "title": "Lamp"}]',
        Format.XML: MERCHANT_XML,
        Format.SHOPIFY: SHOPIFY,
    }
    for expected, content in contents.items():
        for packed in (content.encode(), gzip.compress(content.encode())):
            feed = open_feed(written(tmp_path, "feed.dat", packed))
            assert (feed.format, feed.content) == (expected, Content.ITEMS)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_sniffed_even_where_titles_hold_others(tmp_path: Path, delimiter: str) -> None:
    lines = [delimiter.join(cells) for cells in (["id", "title", "price"], ["1", '"Lamp, tall; oak|ash"', "5"])]
    (row,) = rows_of(open_feed(written(tmp_path, "feed.csv", "\n".join(lines))))
    assert row.fields == {"id": "1", "title": "Lamp, tall; oak|ash", "price": "5"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "feed.csv", "id,title\n1,Café „Nova“\n".encode(encoding))
    assert [row.fields["title"] for row in open_feed(path).rows()] == ["Café „Nova“"]


def test_a_quoted_cell_may_hold_line_breaks_and_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "feed.csv", 'id,title\r\n1,"two\r\nlines, ""quoted"""\r\n2,Next\r\n')
    assert [(row.line, row.fields["title"]) for row in open_feed(path).rows()] == [
        (2, 'two\r\nlines, "quoted"'),
        (4, "Next"),
    ]


def test_a_quote_left_open_spoils_its_own_row_only(tmp_path: Path) -> None:
    path = written(tmp_path, "feed.csv", 'id,title,price\n1,"Open,5\n2,Good,6\n3,"Fine",7\n4,15" screen,8\n')
    rows = rows_of(open_feed(path))
    assert [(row.line, row.problem is None) for row in rows] == [(2, False), (3, True), (4, True), (5, True)]
    assert rows[0].raw == '1,"Open,5\n'
    assert rows[3].fields["title"] == '15" screen'


def test_rows_with_too_many_or_too_few_cells_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "feed.csv", "id,title\n1,a,b\n2\n3,c,,\n\n4,d\n")
    assert [(row.line, row.problem) for row in open_feed(path).rows()] == [
        (2, "3 cells under a header of 2"),
        (3, "1 cells under a header of 2"),
        (4, None),
        (6, None),
    ]


def test_broken_json_lines_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    deep = "[" * 100_000
    lines = ['{"id": 1, "title": "a"}', '{"id": 2,', "[1]", deep, "", '{"id": 3, "title": "b"}']
    rows = rows_of(open_feed(written(tmp_path, "feed.jsonl", "\n".join(lines))))
    assert [(row.line, row.problem is None) for row in rows] == [
        (1, True),
        (2, False),
        (3, False),
        (4, False),
        (6, True),
    ]


def test_shopify_variants_inherit_from_their_product_and_picture_rows_merge(tmp_path: Path) -> None:
    red, blue, picture, mug = rows_of(open_feed(written(tmp_path, "products.csv", SHOPIFY)))
    assert (red.fields["item_id"], red.fields["title"], red.fields["variant_of"]) == (
        "TEE-R-M",
        "Cotton Tee - Red / M",
        "tee",
    )
    assert (blue.fields["price"], blue.fields["brand"], blue.fields["attributes"]["Size"]) == ("21.90", "Nova", "L")
    assert blue.fields["stock"] == ""  # sold on when none are left
    assert picture.merged
    assert (mug.fields["item_id"], mug.fields["title"], mug.fields["stock"]) == ("mug", "Mug", "0")  # a draft


def test_merchant_xml_gives_fields_by_local_name(tmp_path: Path) -> None:
    kettle, pan = rows_of(open_feed(written(tmp_path, "feed.xml", MERCHANT_XML)))
    assert kettle.fields["title"] == "Kettle & Co"
    assert [detail["attribute_name"] for detail in kettle.fields["product_detail"]] == ["Capacity", "Power"]
    assert pan.fields["price"] == "5 EUR"


def test_characters_xml_forbids_are_taken_out(tmp_path: Path) -> None:
    feed = open_feed(
        written(tmp_path, "feed.xml", MERCHANT_XML.replace("Pan", "P\x0ban").encode().replace(b"Red", b"Rot\xe9"))
    )
    assert feed.repaired_xml
    assert [row.fields["title"] for row in feed.rows()] == ["Kettle & Co", "Pan"]
    assert next(feed.rows()).fields["color"] == "Roté"


def test_an_xml_bomb_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss><item><id>&b;</id></item></rss>'
    with pytest.raises(FeedError, match="entities"):
        open_feed(written(tmp_path, "feed.xml", bomb))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (gzip.compress(b""), "is empty"),
        (b"\x89PNG\x0d\x0a\x1a\x0a" + bytes(500), "is not text"),
        (gzip.compress(b"id,title\n" + b"1,x\n" * 9000)[:-20], "cut off"),
        (MERCHANT_XML.encode()[:-40], "not well-formed"),
        (b'[{"id": 1}, ', "cannot be parsed"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_a_feed_error_with_a_fix(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = written(tmp_path, "feed", content)
    with pytest.raises(FeedError, match=message) as raised:
        open_feed(path)
    assert str(path) in str(raised.value)
    assert raised.value.fix


def test_what_has_the_columns_of_no_feed_is_other_not_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "eval.csv", "user_id,target_item_id,timestamp,split\n1,2,3,test\n")
    assert open_feed(path).content is Content.OTHER


def test_an_interaction_log_is_told_by_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "log.csv", "visitorid,itemid,timestamp,event\n1,2,1433221332117,view\n")
    assert open_feed(path).content is Content.INTERACTIONS


def test_mapped_columns_make_a_feed_of_another_shape(tmp_path: Path) -> None:
    path = written(tmp_path, "feed.csv", "Nummer,Bezeichnung,Preis\n1,Lampe,5\n")
    assert open_feed(path).content is Content.OTHER
    feed = open_feed(path, {"item_id": "Nummer", "title": "Bezeichnung", "price": "Preis", "currency": "=EUR"})
    assert feed.content is Content.ITEMS
    assert feed.columns.constants == {"currency": "EUR"}


def test_a_mapped_column_that_is_nowhere_is_an_error_that_lists_the_columns(tmp_path: Path) -> None:
    mapping = {"title": "Bezeichnung"}
    feed = open_feed(written(tmp_path, "feed.csv", "id,Name\n1,Lampe\n"), mapping)
    with pytest.raises(FeedError, match="id, Name"):
        check_mapping([feed], mapping)


def test_bookkeeping_columns_are_left_out_and_named(tmp_path: Path) -> None:
    row = {"id": 1, "title": "a", "popularity": 3, "n_clicks": 4, "created_at": "x", "style": "y"}
    feed = open_feed(written(tmp_path, "feed.jsonl", json.dumps(row)))
    assert feed.columns.left_out == ("popularity", "n_clicks", "created_at")


def test_a_price_column_may_name_its_currency(tmp_path: Path) -> None:
    feed = open_feed(written(tmp_path, "feed.csv", "id,title,price_eur\n1,a,5\n"))
    assert feed.columns.constants == {"currency": "EUR"}


def test_a_folder_without_feeds_and_a_path_that_is_not_there_say_so(tmp_path: Path) -> None:
    written(tmp_path, "README.md", "words")
    with pytest.raises(FeedError, match="holds no feeds"):
        find_feeds(tmp_path)
    with pytest.raises(FeedError, match="no file or folder"):
        find_feeds(tmp_path / "nowhere")


def test_the_documented_columns_are_the_ones_that_are_read() -> None:
    document = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text()
    for columns in (ITEM_COLUMNS, INTERACTION_COLUMNS):
        for name, aliases in columns.items():
            assert f"| {name} | {', '.join(aliases)} |" in document
