### O que a Petclinic diz em português.

site-name = Petclinic
skip-to-content = Ir para o conteúdo
footer-text = Petclinic: um pequeno pod de produção, escrito em Rust.
footer-languages = Idiomas

## Navegação e busca

nav-label = Principal
nav-home = Início
nav-owners = Buscar tutores
nav-vets = Veterinários
search-label = Buscar tutores, animais e telefones
search-placeholder = Nome, animal, telefone
search-button = Buscar
search-title = Busca
search-results = Resultados para “{ $query }”
search-none = Nenhum resultado para “{ $query }”
search-none-hint = A busca é por nome e sobrenome do tutor, pelo nome dos animais e por 4 ou mais dígitos do telefone.
search-add = Adicionar “{ $query }” como novo tutor
search-more = Só os primeiros { $count } são mostrados. Digite mais para refinar a busca.

## Boas-vindas

home-title = Boas-vindas
home-heading = Boas-vindas à Petclinic
home-lead = Cada tutor, cada animal e cada consulta, a poucas teclas de distância.
home-picture = Um cachorro e um gato sentados lado a lado sob um sol quente
home-owners = Todos os tutores
home-owners-text = Ver todos os que conhecemos
home-new-owner = Novo tutor
home-vets = Veterinários
home-vets-text = Quem está aqui e o que faz de melhor

## Tutores

find-title = Buscar tutores
find-hint = Bastam as primeiras letras. Deixe vazio para ver todos.
find-button = Buscar tutor
search-matches = Correspondências: { $count }
owners-title = Tutores
owners-all =
    { $count ->
        [one] { $count } tutor
       *[other] { $count } tutores
    }
owners-found =
    { $count ->
        [one] { $count } tutor cujo sobrenome começa com “{ $name }”
       *[other] { $count } tutores cujo sobrenome começa com “{ $name }”
    }
owners-more = Mais de { $count } tutores
owners-found-more = Mais de { $count } tutores cujo sobrenome começa com “{ $name }”
owner-name = Nome
owner-pets = Animais
owner-no-pets = nenhum
owner-no-pets-yet = Ainda não há animais.
owner-information = Dados do tutor
owner-pets-and-visits = Animais e consultas
owner-add = Adicionar tutor
owner-new = Novo tutor
owner-edit = Editar tutor
owner-update = Salvar dados
owner-telephone-hint = De 7 a 15 dígitos, com + antes do código do país
cancel = Cancelar

## Animais e consultas

pet-add = Adicionar animal
pet-new = Novo animal
pet-edit = Editar animal
pet-edit-of = Editar { $pet }
pet-update = Salvar dados
pet-born = nascimento: { $date }
pet-no-visits = Ainda não há consultas.
pet-type-choose = Escolha um tipo
pet-type =
    { $type ->
        [bird] ave
        [cat] gato
        [dog] cachorro
        [hamster] hamster
        [lizard] lagarto
        [snake] cobra
       *[other] { $type }
    }
visit-add = Adicionar consulta
visit-add-for = Adicionar consulta para { $pet }
visit-new = Nova consulta
visit-date = Data
visit-previous = Consultas anteriores
visits-title = Consultas
visits-all-of = Todas as consultas de { $pet }
visit-status-label = Situação
visit-status =
    { $status ->
        [arrived] na clínica
        [booked] agendada
        [done] concluída
       *[other] cancelada
    }
visit-set-status =
    { $status ->
        [arrived] Chegou
       *[other] Concluir
    }
visit-set-status-of =
    { $status ->
        [arrived] { $pet } chegou
       *[other] Concluir a consulta de { $pet }
    }
visit-edit = Editar consulta
visit-edit-of = Editar a consulta de { $pet }
visit-edit-on = Editar a consulta de { $date }
visit-update = Salvar consulta
visit-cancel = Cancelar esta consulta
visit-restore = Agendar de novo
day-today = Hoje
day-any-time = sem horário
day-pet = Animal
day-owner = Tutor
day-no-visits = Não há consultas neste dia.
day-previous = Dia anterior
day-next = Próximo dia
day-others = Outros dias
day-show = Ver dia

## Veterinários

vets-title = Veterinários
vets-all =
    { $count ->
        [one] { $count } veterinário
       *[other] { $count } veterinários
    }
vet-specialties = Especialidades
vet-no-specialty = nenhuma
vet-any = Sem preferência
vet-specialty =
    { $name ->
        [dentistry] odontologia
        [radiology] radiologia
        [surgery] cirurgia
       *[other] { $name }
    }

## Páginas de uma lista

pager-label = Páginas
pager-first = Primeira
pager-previous = Anterior
pager-next = Próxima
pager-last = Última
pager-place = Página { $page } de { $pages }
pager-number = { $page }
pager-sizes = Por página

## Campos

field-firstName = Nome
field-lastName = Sobrenome
field-address = Endereço
field-city = Cidade
field-telephone = Telefone
field-name = Nome
field-birthDate = Data de nascimento
field-type = Tipo
field-date = Data
field-description = Descrição
field-time = Horário
field-vetId = Veterinário
field-note = Observação
field-optional = (opcional)

## Problemas com o que foi digitado

problems-title =
    { $count ->
        [one] { $count } campo precisa ser revisto
       *[other] { $count } campos precisam ser revistos
    }
problem-required = é obrigatório
problem-too-long =
    { $max ->
        [one] pode ter no máximo { $max } caractere
       *[other] pode ter no máximo { $max } caracteres
    }
problem-characters = contém caracteres que não podem ser mostrados
problem-telephone = deve ter de 7 a 15 dígitos, com um + opcional na frente
problem-date = não é uma data; o formato é este: 2024-12-31
problem-time = não é um horário; o formato é este: 14:30
problem-future = não pode estar no futuro
problem-before-birth = é anterior ao nascimento do animal
problem-after-visit = é posterior a uma visita do animal
problem-too-far = está a mais de { $max } anos de hoje
problem-far-date = está a mais de um ano de hoje; se estiver certo, salve de novo
problem-too-many = não pode ser adicionado: já há registros demais
problem-type = não é um tipo que conheçamos
problem-duplicate = já existe
problem-not-found = não foi encontrado

## Uma edição sobre uma versão anterior

changed-title = Nesse meio-tempo, outra pessoa salvou alterações
changed-text = Nada do que você digitou se perdeu: compare abaixo e salve de novo.
saved-meanwhile = Salvo nesse meio-tempo: { $value }

## Depois de salvar

flash-owner-created = Novo tutor cadastrado
flash-owner-updated = Dados do tutor salvos
flash-pet-added = Novo animal adicionado
flash-pet-updated = Dados do animal salvos
flash-visit-booked = Consulta registrada
flash-visit-updated = Consulta salva
flash-visit-changed = Não foi salvo: nesse meio-tempo, outra pessoa alterou esta consulta

## Erros

error-home = Início
error-find = Buscar tutores
error-request-id = Solicitação
api-title = API para programas
api-text = Donos, animais e visitas em JSON, com as mesmas verificações das páginas. A descrição completa:
error-400-title = Não conseguimos ler isso
error-400-text = O endereço ou o formulário se danificou no caminho. Volte e tente de novo.
error-401-title = Só para operadores
error-401-text = Isto requer o token de administração.
error-403-title = Enviado de outro site
error-403-text = O formulário estava em uma página de outro site, por isso nada foi alterado. Use o daqui.
error-404-title = Aqui não há nada
error-404-text = A página, o tutor ou o animal que você procura não existe.
error-page-too-far-title = Longe demais na lista
error-page-too-far-text = Só os primeiros 1.000 resultados têm número de página. Busque com mais letras ou siga com “Próxima” a partir da última página numerada.
error-405-title = Método não permitido
error-405-text = Esta página existe, mas não pode ser usada desse jeito.
error-408-title = Demorou demais
error-408-text = O que você enviou não chegou a tempo. Tente de novo.
error-409-title = Ainda em uso
error-409-text = Há dados que dependem disto, por isso nada foi excluído.
error-412-title = Alterado nesse meio-tempo
error-412-text = Outra pessoa salvou alterações depois da sua leitura. Leia de novo e envie a alteração em seguida.
error-413-title = Grande demais
error-413-text = O que você enviou é maior do que aceitamos.
error-414-title = O endereço é demasiado longo
error-414-text = O endereço é mais longo do que aceitamos.
error-415-title = Não é um formulário
error-415-text = O que você enviou não é um formulário que consigamos ler.
error-422-title = Ainda não foi salvo
error-422-text = Alguns campos precisam ser revistos.
error-key-reused-title = Esta chave já foi usada
error-key-reused-text = A Idempotency-Key pertence a outro pedido a este endereço. Use uma chave nova para outros valores.
error-key-in-flight-title = Ainda em curso
error-key-in-flight-text = Um pedido com esta Idempotency-Key ainda está a ser respondido. Tente novamente dentro de momentos.
error-428-title = Qual versão?
error-428-text = Uma alteração precisa de If-Match com o ETag da versão em que se baseia.
error-431-title = Demasiados cabeçalhos
error-431-text = Os cabeçalhos do pedido são maiores do que aceitamos.
error-500-title = Algo deu errado
error-500-text = O erro é nosso e ficou registrado. Tente de novo.
error-503-title = Um momento, por favor
error-503-text = No momento não conseguimos responder. Tente de novo em alguns segundos.
error-504-title = Demorou demais
error-504-text = Não conseguimos responder a tempo. Tente de novo em alguns segundos.
