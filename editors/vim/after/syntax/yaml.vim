" Narratives in YAML. Read after the YAML syntax; changes nothing in other YAML files.

if !botticelli#holds_narrative('yaml')
  finish
endif

let s:cpo_save = &cpo
set cpo&vim

syn match botComment contained /\%(^\|\s\)\@1<=#.*$/
syn match botDoubled contained /''/
hi def link botDoubled botEscape
syn match botEscape contained /\\\%([0abtnvfre "/\\N_LP]\|x\x\{2}\|u\x\{4}\|U\x\{8}\|$\)/
call botticelli#define_small_languages()

" A section, or a key with what is indented below it, ends at the first line that does not belong to it.
let s:section_end = 'end=/^\%([^[:space:]#\-]\|-\%(--\)\@=\)\@=/'
let s:entry_end = 'end=/^\%(\z1\%(\s\|-\s\|-$\)\|\s*$\|\s*#\)\@!/'
let s:name = '%([[:alnum:]_$<][[:alnum:]_ .$/<-]{-}|"[^"]*"|''[^'']*'')'

" Values, one family of groups for each kind.
for s:kind in keys(botticelli#kinds)
  let s:string = 'syn region bot' . s:kind . 'String contained keepend extend matchgroup=bot' . s:kind . 'String contains='
  exe s:string . botticelli#contains(s:kind, '"') . ',botEscape start=/"/ skip=/\\./ end=/"/'
  exe s:string . 'botDoubled,' . botticelli#contains(s:kind, "'") . " start=/'/ skip=/''/ end=/'/"
  let s:plain = 'syn match bot' . s:kind . 'Plain contained keepend contains=' . botticelli#contains(s:kind, 'plain')
  exe s:plain . ' /\v%([^[:space:],\[\]{}#&*!|>''"%@`?:-]|[-?:][^[:space:],\[\]{}]@=).{-}\ze%(\s*$|\s+#)/'
  let s:plain = substitute(s:plain, 'Plain', 'FlowPlain', '')
  exe s:plain . ' /\v%([^[:space:],\[\]{}#&*!|>''"%@`?:-]|[-?:][^[:space:],\[\]{}]@=)[^,\[\]{}]{-}\ze\s*%([,\[\]{}]|\s#|$)/'
  let s:plain_keys = s:kind =~# 'Argument\|Type'
  let s:table = s:plain_keys ? 'bot' . s:kind . 'Table' : 'botTable'
  let s:scalars = s:kind =~# 'Argument\|Value' ? ',botYamlNumber,botYamlConstant' : ''
  let s:common = 'bot' . s:kind . 'String,bot' . s:kind . 'Array,' . s:table . ',botIgnore,botComment'
  exe 'syn cluster bot' . s:kind . 'Value contains=bot' . s:kind . 'Plain,' . s:common . s:scalars
  exe 'syn cluster bot' . s:kind . 'FlowValue contains=bot' . s:kind . 'FlowPlain,' . s:common . s:scalars
  exe 'syn region bot' . s:kind . 'Array contained start=/\[/ end=/\]/ contains=@bot' . s:kind . 'FlowValue'
  exe 'syn region bot' . s:kind . 'Table contained start=/{/ end=/}/ contains=botFlowAnyKey,@bot' . s:kind . 'FlowValue'
  exe 'hi def link bot' . s:kind . 'Plain String'
  exe 'hi def link bot' . s:kind . 'FlowPlain String'
endfor
syn match botYamlNumber contained /\v%([[:space:],[{])@1<=[-+]=\d+%(\.\d*)=\ze\s*%($|[,\]}]|\s#)/
syn match botYamlConstant contained /\v\c%([[:space:],[{])@1<=%(true|false|null|\~)\ze\s*%($|[,\]}]|\s#)/
hi def link botYamlNumber Number
hi def link botYamlConstant Constant
syn match botActName contained /[^"',\[\]{}\n]\+/
syn match botNarrativeValue contained /[^"'\n]\+/

" Keys in flow mappings.
syn match botFlowAnyKey contained /\v[[:alnum:]_$-]+\ze\s*:\s/
hi def link botFlowAnyKey botKey
exe 'syn region botFlowEntry contained matchgroup=botKey start=/\v[[:alnum:]_-]@1<![[:alnum:]_$]+\s*:\_s/ end=/\ze[,}\]]/ contains=@botValueFlowValue'
for [s:kind, s:keys] in items(botticelli#keys)
  exe 'syn region botFlowEntry contained matchgroup=botKey start=/\v[[:alnum:]_-]@1<!%(' . s:keys . ')\s*:\_s/'
        \ 'end=/\ze[,}\]]/ contains=@bot' . s:kind . 'FlowValue'
endfor
syn region botTable contained start=/{/ end=/}/ contains=botFlowEntry,botIgnore,botComment

" A key of a block mapping with everything below it: the key may follow a dash.
function! s:entry(kind, keys, contains, group) abort
  let l:start = '%(' . a:keys . ')\s*:\_s@='
  exe 'syn region bot' . a:kind . 'Entry contained matchgroup=' . a:group
        \ 'start=/\v^\z(\s*)' . l:start . '/' s:entry_end 'contains=' . a:contains
  exe 'syn region bot' . a:kind . 'Entry contained matchgroup=' . a:group
        \ 'start=/\v^\z(\s*)-\s' . l:start . '/' substitute(s:entry_end, '\\z1', '\\z1\\s\\s', '') 'contains=' . a:contains
endfunction

function! s:block_scalar(kind, keys, contains, group) abort
  let l:start = a:keys . '\s*:\s+[|>][-+0-9]*\s*%(#.*)=$/ end=/^\%('
  exe 'syn region bot' . a:kind . 'Block contained keepend matchgroup=' . a:group
        \ 'start=/\v^\z(\s*)' . l:start . '\z1\s\|\s*$\)\@!/ contains=' . a:contains
  exe 'syn region bot' . a:kind . 'Block contained keepend matchgroup=' . a:group
        \ 'start=/\v^\z(\s*)-\s' . l:start . '\z1\s\s\s\|\s*$\)\@!/ contains=' . a:contains
  exe 'hi def link bot' . a:kind . 'Block String'
endfunction

syn match botDash contained /\%(^\|\s\)\@1<=-\%(\s\|$\)\@=/
syn match botAnchor contained /[&*!][^[:space:],\[\]{}]\+/
hi def link botDash Label
hi def link botAnchor Type
syn cluster botBlock contains=botComment,botIgnore,botDash,botAnchor
syn cluster botEntry contains=@botBlock,botValueEntry,botActsEntry,botPromptEntry,botInputEntry,
      \botExpressionEntry,botTypeEntry,botArgumentEntry,botActEntry,botNarrativeEntry,
      \botValueBlock,botPromptBlock,botExpressionBlock

call s:entry('Value', s:name, '@botEntry,@botValueValue', 'botKey')
call s:entry('Acts', 'acts', '@botBlock,botAct,botShortBlock', 'botSection')
for [s:kind, s:keys] in items(botticelli#keys)
  let s:below = s:kind =~# 'Input\|Act$' ? '@botEntry,' : '@botBlock,'
  let s:below .= s:kind =~# 'Argument\|Type' ? 'botBelowKey,botValueBlock,' : ''
  let s:below .= s:kind ==# 'Input' ? 'botItemBlock,' : ''
  call s:entry(s:kind, s:keys, s:below . '@bot' . s:kind . 'Value', 'botKey')
endfor
call s:entry('Act', 'parallel|then|else|repeat', '@botEntry,@botActValue', 'botControlKey')
call s:entry('Expression', 'when|if|until', '@botBlock,@botExpressionValue', 'botControlKey')
exe 'syn match botBelowKey contained /\v^\s*%(-\s+)=\zs' . s:name . '\ze\s*:\_s/'
hi def link botBelowKey botKey
call s:block_scalar('Value', s:name, 'NONE', 'botKey')
call s:block_scalar('Prompt', '%(prompt|content|text|persona|inputs=)', botticelli#contains('Prompt', 'plain'), 'botKey')
call s:block_scalar('Expression', '%(where|where_clause|order_by)', botticelli#contains('Expression', 'plain'), 'botKey')
call s:block_scalar('Expression', '%(when|if|until)', botticelli#contains('Expression', 'plain'), 'botControlKey')
exe 'syn region botItemBlock contained keepend matchgroup=botDash start=/\v^\z(\s*)-\s+[|>][-+0-9]*\s*%(#.*)=$/'
      \ 'end=/^\%(\z1\s\|\s*$\)\@!/ contains=' . botticelli#contains('Prompt', 'plain')
hi def link botItemBlock String

" What has a name: acts, resources, schemas.
function! s:named(entry, group, contains) abort
  exe 'syn region' a:entry 'contained matchgroup=' . a:group
        \ 'start=/\v^\z(\s+)' . s:name . '\ze\s*:\_s/' s:entry_end 'contains=' . a:contains
endfunction
call s:named('botAct', 'botActName', '@botEntry,botItemBlock,@botInputValue')
exe 'syn region botShortBlock contained keepend matchgroup=botActName'
      \ 'start=/\v^\z(\s+)' . s:name . '\s*:\s+[|>][-+0-9]*\s*%(#.*)=$/'
      \ 'end=/^\%(\z1\s\|\s*$\)\@!/ contains=' . botticelli#contains('Prompt', 'plain')
hi def link botShortBlock String
call s:named('botResource', 'botResourceName', '@botEntry,@botValueValue')
call s:named('botCommand', 'botResourceName', '@botBlock,botBelowKey,botValueBlock,@botArgumentValue')
call s:named('botRecord', 'botSchema', '@botBlock,botBelowKey,@botTypeValue')
call s:named('botNarrative', 'botNarrativeName', '@botEntry,@botValueValue')

" Sections: a top-level key and all up to the next one.
function! s:section(keys, contains) abort
  exe 'syn region botSectionBody matchgroup=botSection start=/\v^%(' . a:keys . ')\ze\s*:%(\s*$|\s+[#\[{&*])/' s:section_end
        \ 'contains=@botBlock,' . a:contains
endfunction
call s:section('narrative|act|carousel|security', '@botEntry')
call s:section('toc', '@botEntry,@botActValue')
call s:section('acts', '@botEntry,botAct,botShortBlock,botTable')
call s:section('narratives', 'botNarrative')
call s:section('tables|media|characters|triggers', 'botResource')
call s:section('bots', 'botCommand')
call s:section('schemas', 'botRecord')

syn sync fromstart

delfunction s:entry
delfunction s:block_scalar
delfunction s:named
delfunction s:section
unlet s:section_end s:entry_end s:name s:kind s:keys s:below s:string s:plain s:plain_keys s:table s:scalars s:common
let &cpo = s:cpo_save
unlet s:cpo_save
