### O que o Petclinic diz em português.

site-name = Petclinic
skip-to-content = Saltar para o conteúdo
footer-text = Petclinic: um pequeno pod de produção, escrito em Rust.
footer-languages = Idiomas

## Navegação e pesquisa

nav-label = Principal
nav-home = Início
nav-owners = Procurar donos
nav-vets = Veterinários
nav-error = Erro
search-label = Procurar donos pelo apelido
search-placeholder = Apelido
search-button = Procurar

## Boas-vindas

home-title = Boas-vindas
home-heading = Boas-vindas à Petclinic
home-lead = Cada dono, cada animal e cada consulta, à distância de algumas teclas.
home-picture = Um cão e um gato sentados lado a lado sob um sol quente
home-owners = Todos os donos
home-owners-text = Ver todos os que conhecemos
home-new-owner = Novo dono
home-new-owner-text = Registar alguém que acabou de chegar
home-vets = Veterinários
home-vets-text = Quem está cá e o que sabe fazer melhor

## Donos

find-title = Procurar donos
find-hint = Bastam as primeiras letras. Deixe vazio para ver todos.
find-button = Procurar dono
owners-title = Donos
owners-all =
    { $count ->
        [one] Um dono
       *[other] { $count } donos
    }
owners-found =
    { $count ->
        [one] Um dono cujo apelido começa por «{ $name }»
       *[other] { $count } donos cujo apelido começa por «{ $name }»
    }
owner-last-name = Apelido
owner-name = Nome
owner-pets = Animais
owner-no-pets = nenhum
owner-no-pets-yet = Ainda não há animais.
owner-information = Dados do dono
owner-pets-and-visits = Animais e consultas
owner-add = Adicionar dono
owner-new = Novo dono
owner-edit = Editar dono
owner-update = Guardar dono
owner-telephone-hint = Dez algarismos, sem espaços
cancel = Cancelar

## Animais e consultas

pet-add = Adicionar animal
pet-new = Novo animal
pet-edit = Editar animal
pet-update = Guardar animal
pet-born = nascimento:
pet-no-visits = Ainda não há consultas.
pet-type-choose = Escolha um tipo
pet-type =
    { $type ->
        [bird] ave
        [cat] gato
        [dog] cão
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
        [one] Um veterinário
       *[other] { $count } veterinários
    }
vet-specialties = Especialidades
vet-no-specialty = nenhuma
vet-specialty =
    { $name ->
        [dentistry] medicina dentária
        [radiology] radiologia
        [surgery] cirurgia
       *[other] { $name }
    }

## Páginas de uma lista

pager-label = Páginas
pager-first = Primeira
pager-previous = Anterior
pager-next = Seguinte
pager-last = Última
pager-place = Página { $page } de { $pages }

## Campos

field-firstName = Nome próprio
field-lastName = Apelido
field-address = Morada
field-city = Cidade
field-telephone = Telefone
field-name = Nome
field-birthDate = Data de nascimento
field-type = Tipo
field-date = Data
field-description = Descrição

## Problemas com o que foi introduzido

problems-title =
    { $count ->
        [one] Um campo precisa de mais um olhar
       *[other] { $count } campos precisam de mais um olhar
    }
problem-required = é obrigatório
problem-too-long =
    { $max ->
        [one] pode ter no máximo um carácter
       *[other] pode ter no máximo { $max } caracteres
    }
problem-characters = contém caracteres que não podem ser mostrados
problem-telephone = tem de ser um número de 10 algarismos
problem-date = não é uma data; tem esta forma: 2024-12-31
problem-future = não pode estar no futuro
problem-type = não é um tipo que conheçamos
problem-duplicate = já existe
problem-not-found = não foi encontrado

## Uma edição sobre uma versão anterior

changed-title = Entretanto, outra pessoa guardou alterações
changed-text = Nada do que escreveu se perdeu: compare abaixo e guarde de novo.
saved-meanwhile = Guardado entretanto: { $value }

## Depois de guardar

flash-owner-created = Novo dono criado
flash-owner-updated = Dono guardado
flash-pet-added = Novo animal adicionado
flash-pet-updated = Animal guardado
flash-visit-booked = Consulta registada

## Erros

error-home = Início
error-find = Procurar donos
error-request-id = Pedido
error-400-title = Não conseguimos ler isso
error-400-text = O endereço ou o formulário danificou-se pelo caminho. Volte atrás e tente de novo.
error-401-title = Só para operadores
error-401-text = Isto precisa do token de administração.
error-403-title = Enviado de outro site
error-403-text = O formulário estava numa página de outro site, por isso nada foi alterado. Use o que está aqui.
error-404-title = Aqui não há nada
error-404-text = A página, o dono ou o animal que procura não existe.
error-405-title = Assim não
error-405-text = Esta página existe, mas não pode ser usada desse modo.
error-413-title = Demasiado de uma só vez
error-413-text = O que enviou é maior do que aceitamos.
error-415-title = Não é um formulário
error-415-text = O que enviou não é um formulário que consigamos ler.
error-500-title = Algo correu mal
error-500-text = O erro é nosso e ficou registado. Tente de novo.
error-503-title = Um momento, por favor
error-503-text = De momento não conseguimos aceder aos nossos registos. Tente de novo dentro de alguns segundos.

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
