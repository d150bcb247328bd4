" What the syntax of narratives in TOML and in YAML share: telling a narrative from other files, and
" the small languages that stand inside its strings.

let s:certain = 'narratives\=\|toc\|acts\=\|schemas'

" Whether the buffer holds a narrative: it has one of the top-level keys that make it one.
function! botticelli#holds_narrative(format) abort
  let l:pattern = a:format ==# 'toml'
        \ ? '^\s*\[\[\=\s*\%(' . s:certain . '\)\s*[].]\|^toc\s*=\s*[[{]\|^\%(narratives\=\|toc\|acts\=\)\s*\.'
        \ : '^\%(' . s:certain . '\)\s*:\%(\s*$\|\s\+[#[{&*]\)'
  return search(l:pattern, 'cnw') > 0
endfunction

" What each kind of string contains. A kind gives its name to the groups that hold it.
let botticelli#kinds = {
      \ 'Prompt': '@botTemplate,botUnexpanded',
      \ 'Input': '@botTemplate,botUnexpanded,botReference,botTableReference',
      \ 'Expression': 'botTemplateValue,botDollar,@botExpression',
      \ 'Type': '@botType',
      \ 'Argument': '@botTemplate,botDollar',
      \ 'Act': 'botActName',
      \ 'Narrative': 'botNarrativeValue',
      \ 'Value': 'botDollar',
      \ }

" Quoted text inside a string, by how that string is delimited: what would end it cannot stand in it.
let s:quoted = {'"': 'Single,Escaped', "'": 'Double,Doubled', '"""': 'Single,Double', "'''": 'Single,Double',
      \ 'plain': 'Single,Double'}

" The groups that a string of this kind and this delimiter contains, as a list for contains=.
function! botticelli#contains(kind, delimiter) abort
  let l:family = {'Expression': 'botQuoted', 'Type': 'botTypeQuoted'}
  let l:contains = g:botticelli#kinds[a:kind]
  if has_key(l:family, a:kind)
    for l:way in split(s:quoted[a:delimiter], ',')
      let l:contains .= ',' . l:family[a:kind] . l:way
    endfor
  endif
  return l:contains
endfunction

" The keys that give each kind of value, as an alternation; every other key gives a 'Value'.
let botticelli#keys = {
      \ 'Prompt': 'prompt|content|text|persona',
      \ 'Input': 'inputs=',
      \ 'Expression': 'where|where_clause|order_by|when|if|until',
      \ 'Type': 'output',
      \ 'Argument': 'args|with',
      \ 'Act': 'toc|order|parallel|then|else|repeat|act_name',
      \ 'Narrative': 'narrative|narrative_ref',
      \ }

" Where two of these match at one place, Vim takes the one defined last.
function! botticelli#define_small_languages() abort
  call s:define_templates()
  call s:define_expressions()
  call s:define_references()
  call s:define_types()
  call s:link_groups()
endfunction

function! s:define_templates() abort
  syn region botTemplateValue contained matchgroup=botTemplateDelimiter
        \ start=/{{[-+]\=/ end=/[-+]\=}}/ contains=@botTemplateInner
  syn region botTemplateStatement contained matchgroup=botTemplateDelimiter
        \ start=/{%[-+]\=/ end=/[-+]\=%}/ contains=botTemplateKeyword,@botTemplateInner
  syn region botTemplateComment contained start=/{#/ end=/#}/
  syn cluster botTemplate contains=botTemplateValue,botTemplateStatement,botTemplateComment

  syn match botTemplateName contained /\h\w*/
  syn match botTemplateField contained /\.\s*\h\w*/
  syn match botTemplateScope contained
        \ /\v\.@1<!<%(previous|state|env|vars|trigger|iteration|loop)>/
  syn match botTemplateFunction contained /\h\w*\ze\s*(/
  syn match botTemplateFilter contained /|\s*\zs\h\w*/
  syn match botTemplateWord contained /\v\.@1<!<%(and|or|not|is|in|if|else)>/
  syn match botTemplateTest contained /\v%(<is\s+%(not\s+)=)@<=%(not>)@!\h\w*/
  syn match botTemplateNumber contained /\v\w@1<!\d+%(\.\d+)=/
  syn match botTemplateConstant contained /\v\.@1<!\c<%(true|false|none)>/
  syn match botTemplateText contained /"[^"\n]*"\|'[^'\n]*'\|\\"[^"\n]*\\"/
  syn match botTemplateKeyword contained /\v%(\{\%[-+]=\s*)@<=\h\w*/
  syn cluster botTemplateInner contains=botTemplateName,botTemplateField,botTemplateScope,
        \botTemplateFunction,botTemplateFilter,botTemplateWord,botTemplateTest,botTemplateNumber,
        \botTemplateConstant,botTemplateText

  syn match botDollar contained /\${[^}"']*}\|\$\h\w*/
  syn match botUnexpanded contained /\${[^}"']*}/
endfunction

" A string is a reference as a whole or not at all; these match from its first character on.
function! s:define_references() abort
  let l:whole = '\ze\s*%($|["'',\]}]|\s#)'
  let l:before = '%(["''[:space:],\[])@1<='
  exe 'syn match botReference contained contains=botReferenceKind'
        \ '/\v' . l:before . '%(%(bots|tables|media|narratives)\.|narrative:)[A-Za-z0-9_-]+' . l:whole . '/'
  syn match botReferenceKind contained /\v<%(bots|tables|media|narratives|narrative|table)>\ze[.: ]/
  let l:clause = '%(where|order\s+by|limit|offset|sample|as|format|consume)>'
  exe 'syn match botTableReference contained'
        \ 'contains=botReferenceKind,botTableName,botTemplateValue,botClause,@botExpression,botQuotedSingle,botQuotedEscaped'
        \ '/\v\c' . l:before . '%(tables\.[A-Za-z0-9_-]+\s+' . l:clause . '|table\s+[[:alnum:]_.-]+%(\s*\(|\s+'
        \ . l:clause . '|\ze\s*$))%(\\.|[^"\\])*/'
  syn match botTableName contained /\v%(<tables\.|<table\s+)@<=[A-Za-z0-9_-]+/
  exe 'syn match botClause contained /\v\c<%(where|order\s+by|limit|offset|sample|as|format|consume)>'
        \ . '%(\s*%([=<>!]|<%(is|in|like|ilike|between)>))@!/'
endfunction

function! s:define_expressions() abort
  syn match botColumn contained /\h\w*\%(\.\h\w*\)*/
  syn match botOperator contained /\v\<\>|!\=|\<\=|\>\=|[=<>+*/-]|\|\|/
  syn match botWord contained /\v\c\.@1<!<%(and|or|not|in|like|ilike|contains|between|is)>/
  syn match botOrder contained /\v\c<%(asc|desc)>/
  syn match botConstant contained /\v\c<%(true|false|null)>/
  syn match botFunction contained
        \ /\v\c<%(now|lower|upper|length|coalesce|abs|round|trim)>\ze\s*\(|<current_date>/
  syn match botLiteralType contained /\v\c<%(interval|date|timestamp)>\ze\s*'/
  syn match botNumber contained /\v[A-Za-z0-9_.]@1<!\d+%(\.\d+)=/
  syn match botQuotedSingle contained /'\%([^'\n]\|''\)\+'/
  syn match botQuotedDoubled contained /''[^'\n]\+''/
  syn match botQuotedDouble contained /"[^"\n]\+"/
  syn match botQuotedEscaped contained /\\"[^"\n]\+\\"/
  syn cluster botExpression contains=botColumn,botOperator,botWord,botOrder,botConstant,botFunction,
        \botLiteralType,botNumber
endfunction

function! s:define_types() abort
  syn match botSchema contained /\h[[:alnum:]_-]*/
  syn match botTypeName contained /\v<%(text|int|float|bool|timestamp|date|json|enum|list)>/
  syn match botTypeNumber contained /-\=\d\+/
  syn match botTypeMark contained /\.\.\|?/
  syn match botTypeQuotedSingle contained /'[^'\n]\+'/
  syn match botTypeQuotedDoubled contained /''[^'\n]\+''/
  syn match botTypeQuotedDouble contained /"[^"\n]\+"/
  syn match botTypeQuotedEscaped contained /\\"[^"\n]\+\\"/
  syn cluster botType contains=botSchema,botTypeName,botTypeNumber,botTypeMark
endfunction

function! s:link_groups() abort
  for [l:group, l:target] in items({
        \ 'Section': 'Keyword', 'Key': 'Identifier', 'ControlKey': 'Conditional',
        \ 'ActName': 'Function', 'NarrativeName': 'Structure', 'NarrativeValue': 'Structure', 'ResourceName': 'Type',
        \ 'TemplateDelimiter': 'Delimiter', 'TemplateComment': 'Comment',
        \ 'TemplateKeyword': 'Statement', 'TemplateWord': 'Operator', 'TemplateName': 'Identifier',
        \ 'TemplateField': 'Identifier', 'TemplateScope': 'Special', 'TemplateFunction': 'Function',
        \ 'TemplateFilter': 'Function', 'TemplateTest': 'Function', 'TemplateNumber': 'Number',
        \ 'TemplateConstant': 'Constant', 'TemplateText': 'Character',
        \ 'Dollar': 'PreProc', 'Unexpanded': 'Error',
        \ 'Reference': 'Identifier', 'ReferenceKind': 'Keyword', 'TableName': 'Identifier',
        \ 'Clause': 'Statement', 'Column': 'Identifier', 'Operator': 'Operator', 'Word': 'Operator',
        \ 'Order': 'StorageClass', 'Constant': 'Constant', 'Function': 'Function',
        \ 'LiteralType': 'Type', 'Number': 'Number', 'QuotedSingle': 'Character',
        \ 'QuotedDoubled': 'Character', 'QuotedDouble': 'Identifier', 'QuotedEscaped': 'Identifier',
        \ 'Schema': 'Structure', 'TypeName': 'Type', 'TypeNumber': 'Number',
        \ 'TypeMark': 'Operator', 'TypeQuotedSingle': 'Character', 'TypeQuotedDoubled': 'Character',
        \ 'TypeQuotedDouble': 'Character', 'TypeQuotedEscaped': 'Character',
        \ 'Ignore': 'Comment', 'IgnoreWord': 'SpecialComment', 'IgnoreCode': 'Constant',
        \ 'Escape': 'SpecialChar', 'Comment': 'Comment',
        \ })
    exe 'hi def link bot' . l:group l:target
  endfor
  for l:kind in keys(g:botticelli#kinds)
    exe 'hi def link bot' . l:kind . 'String String'
  endfor
  syn match botIgnoreWord contained /\v#\s*\zsbotticelli:\s*ignore%(-file)=\ze\[/ nextgroup=botIgnoreCodes
  syn match botIgnoreCodes contained /\[[^]]*\]/ contains=botIgnoreCode
  syn match botIgnoreCode contained /BOT\d\{3}\|\l[[:lower:]-]\+/
  syn match botIgnore /\v%(^|\s)@1<=#\s*botticelli:\s*ignore%(-file)=\[.*$/ contains=botIgnoreWord
endfunction
