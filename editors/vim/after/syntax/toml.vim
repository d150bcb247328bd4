" Narratives in TOML. Read after the TOML syntax; changes nothing in other TOML files.

if !botticelli#holds_narrative('toml')
  finish
endif

let s:cpo_save = &cpo
set cpo&vim

syn match botEscape contained /\\\%([btnfre"\\]\|u\x\{4}\|U\x\{8}\|$\)/
call botticelli#define_small_languages()

" Values, one family of groups for each kind.
syn cluster botScalar contains=tomlInteger,tomlFloat,tomlBoolean,tomlDate
for s:kind in keys(botticelli#kinds)
  let s:string = 'syn region bot' . s:kind . 'String contained keepend extend matchgroup=bot' . s:kind . 'String contains='
  exe s:string . botticelli#contains(s:kind, '"') . ',botEscape oneline start=/"/ skip=/\\./ end=/"/'
  exe s:string . botticelli#contains(s:kind, "'") . " oneline start=/'/ end=/'/"
  exe s:string . botticelli#contains(s:kind, '"""') . ',botEscape start=/"""/ skip=/\\./ end=/"\{3,5}/'
  exe s:string . botticelli#contains(s:kind, "'''") . " start=/'''/ end=/'\\{3,5}/"
  let s:table = s:kind =~# 'Argument\|Type' ? 'bot' . s:kind . 'Table' : 'botTable'
  let s:value = 'bot' . s:kind . 'String,bot' . s:kind . 'Array,' . s:table . ',botIgnore,tomlComment,@botScalar'
  exe 'syn region bot' . s:kind . 'Array contained start=/\[/ end=/\]/ contains=' . s:value
  exe 'syn region bot' . s:kind . 'Table contained start=/{/ end=/}/ contains=bot' . s:kind . 'AnyKey,botIgnore,tomlComment'
  exe 'syn match bot' . s:kind . 'AnyKey contained /\v%([A-Za-z0-9_.-]+|"[^"]*"|''[^'']*'')\ze\s*\=/'
        \ 'nextgroup=bot' . s:kind . 'Assign skipwhite'
  exe 'syn match bot' . s:kind . 'Assign contained /=/ nextgroup=' . s:value . ' skipwhite'
  exe 'hi def link bot' . s:kind . 'AnyKey botKey'
endfor
syn match botActName contained /[^"'\n]\+/
syn match botNarrativeValue contained /[^"'\n]\+/

" Keys of the full form; a later one wins over an earlier one.
syn match botKey contained /\v%([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\ze\s*[.=]/ nextgroup=botKeyDot,botValueAssign skipwhite
syn match botKeyDot contained /\./
for [s:kind, s:keys] in items(botticelli#keys)
  exe 'syn match botKey contained /\v[A-Za-z0-9_-]@1<!%(' . s:keys . ')\ze\s*\=/'
        \ 'nextgroup=bot' . s:kind . 'Assign skipwhite'
endfor
syn match botControlKey contained /\v[A-Za-z0-9_-]@1<!%(parallel|then|else|repeat)\ze\s*\=/ nextgroup=botActAssign skipwhite
syn match botControlKey contained /\v[A-Za-z0-9_-]@1<!%(when|if|until)\ze\s*\=/ nextgroup=botExpressionAssign skipwhite
syn cluster botEntry contains=botKey,botControlKey,botIgnore,tomlComment
syn region botTable contained start=/{/ end=/}/ contains=@botEntry

" Headers.
syn match botSection contained /\v%(\[\s*)@<=\h\w*/
syn match botSection contained
      \ /\v\.@1<=%(toc|acts|carousel|budget|retry|security|limits|inputs=|args|with|output|policy|constraints|content|tables)\ze\s*[.\]]/
syn match botNarrativeName contained /\v%(\[narratives=\.)@<=%(%(toc|acts|carousel|budget|retry|security|limits)\s*[.\]])@![A-Za-z0-9_-]+\ze[.\]]/
syn match botResourceName contained /\v%(\[%(bots|tables|media|characters|triggers)\.)@<=[A-Za-z0-9_-]+/
syn match botSchemaName contained /\v%(\[schemas\.)@<=%([A-Za-z0-9_-]+|"[^"]*")/
syn match botHeaderAct contained /\v%(<acts\.)@<=%([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\ze\s*[.\]]/
syn cluster botHeader contains=botSection,botNarrativeName,botResourceName,botSchemaName,botHeaderAct
hi def link botSchemaName botSchema
hi def link botHeaderAct botActName

" Sections: a header and all up to the next one.
function! s:section(header, entries) abort
  exe 'syn region botSectionBody matchgroup=tomlTable start=/\v^\s*\[{1,2}\ze\s*%(' . a:header . ')/'
        \ 'end=/^\ze\s*\[/ contains=@botHeaderLine,' . a:entries
endfunction
syn match botHeaderLine contained /\v%(^\s*\[{1,2})@<=[^\[\]]*\]{1,2}/ contains=@botHeader
syn cluster botHeaderLine contains=botHeaderLine
hi def link botHeaderLine tomlTable

syn match botShortAct contained /\v^\s*\zs%([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\ze\s*[.=]/ nextgroup=botKeyDot,botInputAssign skipwhite
hi def link botShortAct botActName

syn match botNameKey contained /^\s*name\ze\s*=/ nextgroup=botActAssign skipwhite
hi def link botNameKey botKey

call s:section('%(narrative|toc|acts=|carousel)\s*[.\]]|%(narratives|tables|media|characters|triggers)\s*\.|security\s*%(\]|\.\s*%(policy|constraints|content|tables)\s*\])', '@botEntry')
call s:section('bots\s*\.|%(acts|narratives=)\s*\.[^\[\]]*\.\s*%(args|with)\s*\]', 'botArgumentAnyKey,botIgnore,tomlComment')
call s:section('%(narratives=\s*\.%([^\[\]]*\.)=\s*)=acts\s*\]\]@!', '@botEntry,botShortAct')
call s:section('acts\s*\]\]', '@botEntry,botNameKey')
call s:section('schemas\s*\.|%(acts|narratives=)\s*\.[^\[\]]*\.\s*output\s*\]', 'botTypeAnyKey,botIgnore,tomlComment')

" Above the first header.
syn match botRootToc /^toc\ze\s*=\s*[[{]/ nextgroup=botActAssign skipwhite
syn match botRootActs /^acts\ze\.[A-Za-z0-9_-]\+\s*=/ nextgroup=botRootAct
syn match botRootAct contained /\.[A-Za-z0-9_-]\+/ nextgroup=botInputAssign skipwhite
hi def link botRootToc botSection
hi def link botRootActs botSection
hi def link botRootAct botActName

syn sync fromstart

delfunction s:section
unlet s:kind s:keys s:string s:table s:value
let &cpo = s:cpo_save
unlet s:cpo_save
