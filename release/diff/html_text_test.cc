#include "release/diff/html_text.h"

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(HtmlTextTest, EscapesMarkup) {
  EXPECT_EQ(HtmlText("<a href=\"x\">'&'"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
}

TEST(HtmlTextTest, KeepsLettersLineFeedsAndTabs) {
  EXPECT_EQ(HtmlText("caf\xc3\xa9\n\t\xe6\x97\xa5"),
            "caf\xc3\xa9\n\t\xe6\x97\xa5");
}

TEST(HtmlTextTest, ShowsWhatCannotBeSeen) {
  EXPECT_EQ(HtmlText("a\xe2\x80\xae"
                     "b"),
            "a<i class=unseen>U+202E</i>b");
  EXPECT_EQ(HtmlText(std::string("\0\x1b[31m\x7f", 7)),
            "<i class=unseen>U+0000</i><i class=unseen>U+001B</i>[31m"
            "<i class=unseen>U+007F</i>");
}

TEST(HtmlTextTest, AttributesHoldNoElements) {
  EXPECT_EQ(HtmlAttribute("\"\xe2\x80\x8b>"), "&quot;[U+200B]&gt;");
}

TEST(HtmlTextTest, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(HtmlText("a\xff"
                     "b\xc3"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

}  // namespace
}  // namespace pedigree
