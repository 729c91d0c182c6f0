// Narrative: what the allow-list lets through, and the tricks it stops.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkXhtml } from '../../src/fhir/xhtml.ts'

function div(inner: string): string {
  return `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`
}

const GOOD: readonly string[] = [
  div('text'),
  ` ${div('text')}\n`,
  div('<p>a <b>b</b><br/>c &amp; d &#160;</p>'),
  div('<table class="grid"><tbody><tr><td colspan="2">x</td></tr></tbody></table>'),
  div('<a href="https://example.org/?a=1&amp;b=2">x</a><a name="y">z</a><a href="#y">w</a>'),
  div('<img src="data:image/png;base64,AAAA" alt="x"/>'),
  div('<span style="color: red; font-family: &quot;Arial&quot;">x</span>'),
  "<div xmlns='http://www.w3.org/1999/xhtml' xml:lang='en' lang='en'>x</div>",
]

const BAD: readonly (readonly [trick: string, text: string])[] = [
  ['no div', '<p>x</p>'],
  ['no namespace', '<div>x</div>'],
  ['other namespace', '<div xmlns="http://www.w3.org/2000/svg">x</div>'],
  ['two roots', `${div('x')}${div('x')}`],
  ['text after the root', `${div('x')}y`],
  ['nothing inside', div(' \n')],
  ['only empty elements', div('<p></p>')],
  ['not closed', '<div xmlns="http://www.w3.org/1999/xhtml">x'],
  ['closed out of order', div('<b><i>x</b></i>')],
  ['script', div('<script>alert(1)</script>')],
  ['script in capitals', div('<SCRIPT>alert(1)</SCRIPT>')],
  ['svg', div('<svg onload="x"/>')],
  ['iframe', div('<iframe src="https://example.org"/>')],
  ['form', div('<form action="https://example.org"><input/></form>')],
  ['object', div('<object data="x"/>')],
  ['event handler', div('<p onclick="alert(1)">x</p>')],
  ['javascript link', div('<a href="javascript:alert(1)">x</a>')],
  ['javascript link in capitals and blanks', div('<a href=" JaVaScRiPt :alert(1)">x</a>')],
  ['javascript link by character references', div('<a href="&#106;avascript:alert(1)">x</a>')],
  ['javascript link by hex references', div('<a href="&#x6a;avascript&#x3a;alert(1)">x</a>')],
  ['javascript link by named references', div('<a href="javascript&colon;alert(1)">x</a>')],
  ['javascript link with a tab inside', div('<a href="java\tscript:alert(1)">x</a>')],
  ['html in a data link', div('<a href="data:text/html,x">x</a>')],
  ['svg in a data image', div('<img src="data:image/svg+xml,x" alt="x"/>')],
  ['style that loads', div('<p style="background: url(https://example.org/x)">x</p>')],
  ['style that runs', div('<p style="width: expression(alert(1))">x</p>')],
  ['style with an escape', div('<p style="background: u\\72l(x)">x</p>')],
  ['style with a comment', div('<p style="background: ur/**/l(x)">x</p>')],
  ['a name that HTML has and XML has not', div('a&nbsp;b')],
  ['such a name in an attribute', div('<p title="a&nbsp;b">x</p>')],
  ['comment', div('<!-- x -->x')],
  ['cdata', div('<![CDATA[x]]>')],
  ['doctype', `<!DOCTYPE div [<!ENTITY a "b">]>${div('&a;')}`],
  ['processing instruction', div('<?php x ?>x')],
  ['stray ampersand', div('a & b')],
  ['stray angle bracket', div('a < b')],
  ['attribute without quotes', div('<p class=x>x</p>')],
  ['attribute twice', div('<p class="a" class="b">x</p>')],
  ['markup in an attribute', div('<p title="<b>">x</p>')],
  ['too deep', div(`${'<b>'.repeat(70)}x${'</b>'.repeat(70)}`)],
]

test('plain narrative passes', () => {
  for (const text of GOOD) assert.equal(checkXhtml(text), undefined, text)
})

for (const [trick, text] of BAD) {
  test(`narrative is refused: ${trick}`, () => {
    assert.ok(checkXhtml(text))
  })
}

test('the check never throws and never repeats the text', () => {
  const part = fc.constantFrom(
    '<div xmlns="http://www.w3.org/1999/xhtml">',
    '</div>',
    '<',
    '>',
    '"',
    "'",
    '&',
    ';',
    'Zebulon',
    '<b ',
    '=',
    '/',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      assert.ok(!(checkXhtml(parts.join('')) ?? '').includes('Zebulon'))
    }),
    { numRuns: 2000 },
  )
})
