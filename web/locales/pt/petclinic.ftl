### O que a Petclinic diz em português.

site-name = Petclinic
skip-to-content = Ir para o conteúdo
footer-text = Petclinic: um pequeno pod de produção, escrito em Rust.
footer-languages = Idiomas

## Navegação e busca

nav-label = Principal
nav-home = Início
nav-owners = Buscar donos
nav-vets = Veterinários
nav-error = Erro
search-label = Buscar donos pelo sobrenome
search-placeholder = Sobrenome
search-button = Buscar

## Boas-vindas

home-title = Boas-vindas
home-heading = Boas-vindas à Petclinic
home-lead = Cada dono, cada animal e cada consulta, a poucas teclas de distância.
home-picture = Um cachorro e um gato sentados lado a lado sob um sol quente
home-owners = Todos os donos
home-owners-text = Ver todos os que conhecemos
home-new-owner = Novo dono
home-new-owner-text = Cadastrar alguém que acabou de chegar
home-vets = Veterinários
home-vets-text = Quem está aqui e o que faz de melhor

## Donos

find-title = Buscar donos
find-hint = Bastam as primeiras letras. Deixe vazio para ver todos.
find-button = Buscar dono
search-matches = Correspondências: { $count }
owners-title = Donos
owners-all =
    { $count ->
        [one] { $count } dono
       *[other] { $count } donos
    }
owners-found =
    { $count ->
        [one] { $count } dono cujo sobrenome começa com «{ $name }»
       *[other] { $count } donos cujo sobrenome começa com «{ $name }»
    }
owner-last-name = Sobrenome
owner-name = Nome
owner-pets = Animais
owner-no-pets = nenhum
owner-no-pets-yet = Ainda não há animais.
owner-information = Dados do dono
owner-pets-and-visits = Animais e consultas
owner-add = Adicionar dono
owner-new = Novo dono
owner-edit = Editar dono
owner-update = Salvar dono
owner-telephone-hint = Dez dígitos, sem espaços
cancel = Cancelar

## Animais e consultas

pet-add = Adicionar animal
pet-new = Novo animal
pet-edit = Editar animal
pet-update = Salvar animal
pet-born = nascimento:
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
visit-new = Nova consulta
visit-date = Data
visit-previous = Consultas anteriores

## Veterinários

vets-title = Veterinários
vets-all =
    { $count ->
        [one] { $count } veterinário
       *[other] { $count } veterinários
    }
vet-specialties = Especialidades
vet-no-specialty = nenhuma
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
problem-telephone = deve ser um número de 10 dígitos
problem-date = não é uma data; o formato é este: 2024-12-31
problem-future = não pode estar no futuro
problem-type = não é um tipo que conheçamos
problem-duplicate = já existe
problem-not-found = não foi encontrado

## Uma edição sobre uma versão anterior

changed-title = Nesse meio-tempo, outra pessoa salvou alterações
changed-text = Nada do que você digitou se perdeu: compare abaixo e salve de novo.
saved-meanwhile = Salvo nesse meio-tempo: { $value }

## Depois de salvar

flash-owner-created = Novo dono cadastrado
flash-owner-updated = Dono salvo
flash-pet-added = Novo animal adicionado
flash-pet-updated = Animal salvo
flash-visit-booked = Consulta registrada

## Erros

error-home = Início
error-find = Buscar donos
error-request-id = Solicitação
error-400-title = Não conseguimos ler isso
error-400-text = O endereço ou o formulário se danificou no caminho. Volte e tente de novo.
error-401-title = Só para operadores
error-401-text = Isto requer o token de administração.
error-403-title = Enviado de outro site
error-403-text = O formulário estava em uma página de outro site, por isso nada foi alterado. Use o daqui.
error-404-title = Aqui não há nada
error-404-text = A página, o dono ou o animal que você procura não existe.
error-405-title = Assim não
error-405-text = Esta página existe, mas não pode ser usada desse jeito.
error-408-title = Demorou demais
error-408-text = O que você enviou não chegou a tempo. Tente de novo.
error-413-title = Grande demais
error-413-text = O que você enviou é maior do que aceitamos.
error-415-title = Não é um formulário
error-415-text = O que você enviou não é um formulário que consigamos ler.
error-422-title = Ainda não foi salvo
error-422-text = Alguns campos precisam ser revistos.
error-500-title = Algo deu errado
error-500-text = O erro é nosso e ficou registrado. Tente de novo.
error-503-title = Um momento, por favor
error-503-text = No momento não conseguimos responder. Tente de novo em alguns segundos.
error-504-title = Demorou demais
error-504-text = Não conseguimos responder a tempo. Tente de novo em alguns segundos.

## Um dia

date = { $day } de { $month ->
        [1] janeiro
        [2] fevereiro
        [3] março
        [4] abril
        [5] maio
        [6] junho
        [7] julho
        [8] agosto
        [9] setembro
        [10] outubro
        [11] novembro
       *[12] dezembro
    } de { $year }
